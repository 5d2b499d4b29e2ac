import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureWindow, runClosedLoop, startClosedLoop } from './closed-loop.js'
import { ConversationLoad, type Outcome, pause } from './conversation-load.js'
import { dialectOf } from './dialects/dialect-of.js'
import { type Plant, startFakeServer } from './fake-server.js'
import type { Fault } from './message-checker.js'
import { startOpenLoop } from './open-loop.js'

const TIMES = { warmupMs: 20, measureMs: 150 }
/** Acknowledged in each conversation: more than a planted fault needs to show. */
const ENOUGH = 20
/** What a planted fault keeps back is waited for in vain. */
const IN_VAIN_MS = 2_000

async function closedLoopOn(plant: Plant | undefined, readersEach = 1): Promise<Outcome & { measured: number }> {
  const server = await startFakeServer(plant === undefined ? {} : { plant: { fault: plant, atSeq: 5 } })
  try {
    const dialect = dialectOf('chat4all', { port: server.port, pid: process.pid })
    const load = await ConversationLoad.open(dialect, { conversations: 3, readersEach, textBytes: 128 })
    const stop = startClosedLoop(load, 4)
    const isFound = () => Object.keys(load.faults.summary()).length > 0
    const isEnough = () => load.lanes.every(({ acknowledgements }) => acknowledgements.acknowledgedCount >= ENOUGH)
    let measured = 0
    while (!isFound() && !(measured > 0 && isEnough()))
      measured += (await measureWindow(load, 50, process)).acknowledged
    stop()
    return { ...(await load.finish(plant === undefined ? undefined : IN_VAIN_MS)), measured }
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
    const outcome = await load.finish()
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
    const sent = () => load.lanes.reduce((sum, { acknowledgements }) => sum + acknowledgements.sentCount, 0)
    const beganAt = performance.now()
    const elapsedMs = () => performance.now() - beganAt
    const stop = startOpenLoop(load, 1000, 'spin')
    // Where the machine stalls it is behind for a moment; it does not stay behind.
    while (elapsedMs() < 200 || sent() < elapsedMs() * 0.8) {
      assert.ok(elapsedMs() < 30_000, `${sent()} sent in ${elapsedMs()} ms`)
      await pause(5)
    }
    let measured = 0
    while (measured === 0) measured = (await measureWindow(load, 50, process)).acknowledgedLatency.count
    stop()
    assert.ok(sent() <= elapsedMs() + 1, `${sent()} sent in ${elapsedMs()} ms`)
    const outcome = await load.finish()
    assert.deepEqual(outcome.faults, {}, outcome.faultSamples.join('\n'))
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
    const outcome = await load.finish()
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
