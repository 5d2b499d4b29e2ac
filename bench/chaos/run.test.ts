import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { faultsNamed } from './faults/catalogue.js'
import { runChaos } from './run.js'

const WITHOUT_ENGINES = { engines: false, kafka: false, network: false, strikeEngines: false, severalCassandras: false }

test('two edges and two shard-nodes, killed and restarted under load, keep every promise to their clients', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'chat4all-chaos-'))
  const result = await runChaos(
    {
      seed: 4,
      cluster: { edges: 2, nodes: 2, engines: false, engineSet: '', kafka: false, network: false, clockSkewMs: 30_000 },
      population: { users: 6, visitors: 1, sdkUsers: 1, privates: 4, groups: 4 },
      messagesPerSecond: 40,
      calmMs: 1_000,
      faultsMs: 10_000,
      faults: faultsNamed(['node-kill', 'edge-kill', 'node-restart', 'edge-restart'], WITHOUT_ENGINES),
      settleMsMax: 60_000,
    },
    folder,
    (text) => t.diagnostic(text),
  )
  assert.deepEqual(result.verdict.violations, [], `history and logs: ${folder}`)
  assert.ok(result.measures.faults.length >= 2)
  assert.ok(result.measures.acknowledged > 100)
  rmSync(folder, { recursive: true })
})
