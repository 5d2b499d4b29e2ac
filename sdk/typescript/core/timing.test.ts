import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConversationId, Seq } from '@chat4all/protocol'
import fc from 'fast-check'
import { Backoff } from './backoff.js'
import { Deadlines } from './deadlines.js'
import { Heartbeat } from './heartbeat.js'
import { type OwnCursors, ReceiptSender } from './receipt-sender.js'
import { TypingSender } from './typing-sender.js'

const a = 'a' as ConversationId

test('reconnects wait a random time below a bound that doubles up to its limit', () => {
  const backoff = new Backoff({ msBase: 100, msMax: 1000, stableMs: 5000 })
  const bounds = Array.from({ length: 6 }, () => backoff.delayAfterEnd(0, 1))
  assert.deepEqual(bounds, [100, 200, 400, 800, 1000, 1000])
  assert.equal(backoff.delayAfterEnd(0, 0), 0)
})

test('only a session that lasted makes the next failure count as the first', () => {
  const backoff = new Backoff({ msBase: 100, msMax: 1000, stableMs: 5000 })
  for (let i = 0; i < 4; i++) backoff.delayAfterEnd(0, 1)
  backoff.online(0)
  assert.equal(backoff.delayAfterEnd(4999, 1), 1000)
  backoff.online(10_000)
  assert.equal(backoff.delayAfterEnd(15_000, 1), 100)
})

test('an idle session pings well within the heartbeat and is dead when no sign of life follows', () => {
  const heartbeat = new Heartbeat()
  heartbeat.opened(1000, 0)
  assert.equal(heartbeat.check(399), undefined)
  assert.equal(heartbeat.check(400), 'ping')
  assert.equal(heartbeat.check(799), undefined)
  assert.equal(heartbeat.check(800), 'dead')
})

test('a sign of life of any kind answers a ping', () => {
  const heartbeat = new Heartbeat()
  heartbeat.opened(1000, 0)
  heartbeat.check(400)
  heartbeat.received(500)
  assert.equal(heartbeat.check(799), undefined)
  assert.equal(heartbeat.check(800), 'ping')
})

test('one who only sends pings too: only an answer shows that the connection lives', () => {
  const heartbeat = new Heartbeat()
  heartbeat.opened(1000, 0)
  heartbeat.sent(390)
  assert.equal(heartbeat.check(400), 'ping')
})

function cursors(): OwnCursors {
  return { id: a, delivered: 0 as Seq, read: 0 as Seq, toldDelivered: 0 as Seq, toldRead: 0 as Seq }
}

test('receipts of one conversation travel as one frame per 100 ms, or per 50 messages', () => {
  const receipts = new ReceiptSender()
  const own = cursors()
  const frames: number[] = []
  const flush = (now: number) => receipts.flush(now, ({ delivered }) => frames.push(delivered))
  for (let seq = 1; seq <= 49; seq++) {
    own.delivered = seq as Seq
    receipts.note(own, 1, 0)
    flush(1)
  }
  assert.deepEqual(frames, [])
  flush(100)
  assert.deepEqual(frames, [49])
  own.delivered = 99 as Seq
  receipts.note(own, 50, 101)
  flush(101)
  assert.deepEqual(frames, [49, 99])
  receipts.note(own, 0, 200)
  flush(400)
  assert.deepEqual(frames, [49, 99], 'what the server was told is not told again')
})

test('typing is told on the first key, rarely while it lasts, and ends by itself', () => {
  const typing = new TypingSender()
  const frames: string[] = []
  const at = (now: number) => (frame: { on: boolean }) => void frames.push(`${now} ${frame.on}`)
  for (let now = 0; now <= 4000; now += 500) typing.key(a, now, at(now))
  assert.deepEqual(frames, ['0 true', '3000 true'])
  assert.equal(typing.wakeAt <= 9000, true)
  typing.tick(8999, at(8999))
  typing.tick(9000, at(9000))
  assert.deepEqual(frames, ['0 true', '3000 true', '9000 false'])
  assert.equal(typing.wakeAt, Number.POSITIVE_INFINITY)
})

test('deadlines give out exactly what is due, and never wake late', () => {
  const step = fc.tuple(fc.constantFrom('set', 'delete', 'take'), fc.nat(5), fc.nat(20))
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const deadlines = new Deadlines<number>()
      const model = new Map<number, number>()
      let now = 0
      for (const [what, key, span] of steps) {
        if (what === 'set') {
          deadlines.set(key, now + span)
          model.set(key, now + span)
        } else if (what === 'delete') {
          deadlines.delete(key)
          model.delete(key)
        } else {
          now += span
          const due = [...model].filter(([, at]) => at <= now).map(([each]) => each)
          assert.deepEqual(deadlines.take(now).sort(), due.sort())
          for (const each of due) model.delete(each)
        }
        assert.ok(deadlines.wakeAt <= Math.min(...model.values(), Number.POSITIVE_INFINITY))
      }
    }),
  )
})
