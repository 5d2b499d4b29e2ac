import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Engines } from './cluster/engines.js'
import { faultsNamed } from './faults/catalogue.js'
import { runChaos } from './run.js'

test('on the real engines, with nodes killed and paused and the network cut, every promise to clients is kept', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'chat4all-chaos-'))
  // Whoever runs the tests starts engines for them: toxiproxy where it can be had.
  const network = (await new Engines('').processes()).some(({ kind }) => kind === 'toxiproxy')
  if (!network) t.diagnostic('the network is left alone: toxiproxy does not run')
  const possible = { engines: true, kafka: true, network, strikeEngines: false, severalCassandras: false }
  const wanted = ['node-kill', 'node-pause', 'edge-kill', 'node-restart']
  const onTheWay = ['node-cassandra-answers-lost', 'node-cassandra-cut', 'node-consul-cut', 'edge-node-requests-lost']
  const result = await runChaos(
    {
      seed: 8,
      cluster: { edges: 2, nodes: 3, engines: true, engineSet: '', kafka: true, network, clockSkewMs: 30_000 },
      population: { users: 8, visitors: 2, sdkUsers: 1, privates: 6, groups: 6 },
      messagesPerSecond: 40,
      calmMs: 2_000,
      faultsMs: 30_000,
      faults: faultsNamed(network ? [...wanted, ...onTheWay] : wanted, possible),
      settleMsMax: 60_000,
    },
    folder,
    (text) => t.diagnostic(text),
  )
  assert.deepEqual(result.verdict.violations, [], `history and logs: ${folder}`)
  assert.ok(result.measures.faults.length >= 3)
  assert.ok(result.measures.acknowledged > 300)
  rmSync(folder, { recursive: true })
})
