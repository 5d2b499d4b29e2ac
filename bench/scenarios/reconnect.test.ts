import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFakeServer } from '../load/fake-server.js'
import { runReconnect } from './reconnect.js'

test('clients that come back with cursors are told they resumed and have all they missed', async () => {
  const server = await startFakeServer()
  try {
    const result = await runReconnect(
      { port: server.port, pid: process.pid },
      { scenario: 'reconnect', clients: 20, groups: 4, missedEach: 7, atOnce: 20 },
    )
    assert.deepEqual(result.faults, {}, result.faultSamples.join('\n'))
    assert.equal(result.clients, 20)
    assert.ok(result.allResumedMs > 0)
  } finally {
    server.close()
  }
})

test('a storm that needs larger groups than one request may create is refused with the bound', async () => {
  const settings = { scenario: 'reconnect' as const, clients: 1000, groups: 1, missedEach: 1, atOnce: 1 }
  await assert.rejects(runReconnect({ port: 1, pid: 1 }, settings), /1000 clients in 1 groups: 1 to 500/)
})
