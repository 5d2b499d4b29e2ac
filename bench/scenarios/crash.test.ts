import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FakeServerOptions, startFakeServer } from '../load/fake-server.js'
import { type CrashResult, runCrash } from './crash.js'

async function crashOf(options: FakeServerOptions, settleMsMax?: number): Promise<CrashResult> {
  const server = await startFakeServer(options)
  try {
    return await runCrash(
      {
        target: { port: server.port, pid: process.pid },
        kill: async () => server.crash(),
        restart: async () => {},
      },
      {
        pairs: 3,
        inFlight: 4,
        textBytes: 128,
        kills: 2,
        loadMs: 60,
        ...(settleMsMax !== undefined && { settleMsMax }),
      },
    )
  } finally {
    server.close()
  }
}

test('a server that keeps what it acknowledged: clients come back and everything is there once', async () => {
  const result = await crashOf({})
  assert.deepEqual(result.faults, {}, result.faultSamples.join('\n'))
  assert.equal(result.rounds.length, 2)
  assert.ok(result.acknowledged > 0)
  assert.equal(result.acknowledged, result.sent)
  assert.equal(result.stored, result.sent)
})

test('planted: a server that loses acknowledged messages at a crash is found out', async () => {
  // What is lost is waited for in vain.
  const { faults } = await crashOf({ plant: { fault: 'lose what was acknowledged at a crash', atSeq: 3 } }, 1_500)
  assert.ok(Object.keys(faults).length > 0)
})

test('planted: an acknowledgement that was lost, and a server that stores the message again, is found out', async () => {
  const { faults } = await crashOf({ plant: { fault: 'store again what is sent again', atSeq: 4 } })
  assert.ok((faults['acknowledged with another seq'] ?? 0) > 0, JSON.stringify(faults))
})
