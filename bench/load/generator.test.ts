import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runClosedLoop } from './closed-loop.js'
import { ConversationLoad, type Outcome, pause } from './conversation-load.js'
import { dialectOf } from './dialects/dialect-of.js'
import { type Plant, startFakeServer } from './fake-server.js'
import type { Fault } from './message-checker.js'
import { runOpenLoop } from './open-loop.js'

const TIMES = { warmupMs: 20, measureMs: 150 }

async function closedLoopOn(plant: Plant | undefined, readersEach = 1): Promise<Outcome & { measured: number }> {
  const server = await startFakeServer(plant === undefined ? {} : { plant: { fault: plant, atSeq: 5 } })
  try {
    const dialect = dialectOf('chat4all', { port: server.port, pid: process.pid })
    const load = await ConversationLoad.open(dialect, { conversations: 3, readersEach, textBytes: 128 })
    const window = await runClosedLoop(load, 4, TIMES, process)
    return { ...(await load.finish(200)), measured: window.acknowledged }
  } finally {
    server.close()
  }
}

test('a faultless server: everything sent is acknowledged and delivered once', async () => {
  const outcome = await closedLoopOn(undefined)
  assert.deepEqual(outcome.faults, {}, outcome.faultSamples.join('\n'))
  assert.ok(outcome.measured > 0)
  assert.equal(outcome.acknowledged, outcome.sent)
  assert.equal(outcome.delivered, outcome.acknowledged)
})

test('a group: every reader gets every message', async () => {
  const outcome = await closedLoopOn(undefined, 5)
  assert.deepEqual(outcome.faults, {}, outcome.faultSamples.join('\n'))
  assert.equal(outcome.delivered, outcome.acknowledged * 5)
})

test('a group larger than one request may change: its sender adds the rest', async () => {
  const server = await startFakeServer()
  try {
    const dialect = dialectOf('chat4all', { port: server.port, pid: process.pid })
    const load = await ConversationLoad.open(dialect, { conversations: 1, readersEach: 510, textBytes: 128 })
    assert.equal(load.lanes[0]!.acknowledgements.base, 1)
    await runClosedLoop(load, 1, { warmupMs: 0, measureMs: 50 }, process)
    const outcome = await load.finish(2000)
    assert.deepEqual(outcome.faults, {}, outcome.faultSamples.join('\n'))
    assert.equal(outcome.delivered, outcome.acknowledged * 510)
  } finally {
    server.close()
  }
})

test('an open loop sends what is due and measures from when it was due', async () => {
  const server = await startFakeServer()
  try {
    const dialect = dialectOf('chat4all', { port: server.port, pid: process.pid })
    const load = await ConversationLoad.open(dialect, { conversations: 4, readersEach: 1, textBytes: 128 })
    const window = await runOpenLoop(load, 1000, { warmupMs: 0, measureMs: 200 }, process, 'spin')
    const outcome = await load.finish(2000)
    assert.deepEqual(outcome.faults, {}, outcome.faultSamples.join('\n'))
    // What was due is sent, however slow the machine: the count follows from the clock, up to the last turn of the loop.
    assert.ok(outcome.sent >= window.ms * 0.8, `${outcome.sent} sent in ${window.ms} ms`)
    assert.ok(window.acknowledgedLatency.count > 0)
  } finally {
    server.close()
  }
})

test('with receipts, every reader tells how far it has got', async () => {
  const server = await startFakeServer()
  try {
    const dialect = dialectOf('chat4all', { port: server.port, pid: process.pid }, { receipts: true })
    const load = await ConversationLoad.open(dialect, { conversations: 3, readersEach: 1, textBytes: 128 })
    await runClosedLoop(load, 1, TIMES, process)
    const toldBy = (): number => [...server.delivered.values()].filter((seq) => seq > 0).length
    while (toldBy() < 3) await pause(10)
    const outcome = await load.finish(2000)
    assert.deepEqual(outcome.faults, {}, outcome.faultSamples.join('\n'))
    assert.throws(() => dialectOf('uws-relay', { port: 1, pid: 1 }, { receipts: true }), /no receipts/)
  } finally {
    server.close()
  }
})

const FOUND: Partial<Record<Plant, Fault>> = {
  'deliver twice': 'delivered twice',
  'skip a delivery': 'gap before delivery',
  'change the content': 'delivered with other content',
  'acknowledge twice': 'acknowledged twice',
  'never acknowledge': 'never acknowledged',
  'acknowledge with another seq': 'acknowledged with another seq',
  'acknowledge with another message_id': 'acknowledged with another message_id',
  'stop delivering': 'acknowledged, never delivered',
  'cut the connection': 'connection lost',
}

for (const [plant, fault] of Object.entries(FOUND) as [Plant, Fault][]) {
  test(`planted: ${plant} → found: ${fault}`, async () => {
    const { faults, faultSamples } = await closedLoopOn(plant)
    assert.ok((faults[fault] ?? 0) > 0, `found only ${JSON.stringify(faults)} ${faultSamples.join('\n')}`)
  })
}
