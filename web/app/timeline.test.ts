import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Erasure, HistoryPage, Message } from '@chat4all/sdk'
import { Timeline } from './timeline.js'

const message = (seq: number) => ({ seq }) as Message
const page = (after: number, upto: number, first = 1) =>
  ({
    messages: Array.from({ length: upto - Math.max(after, first - 1) }, (_, i) =>
      message(Math.max(after, first - 1) + 1 + i),
    ),
    after,
    upto,
    first,
    head: upto,
  }) as unknown as HistoryPage
const seqs = (timeline: Timeline) => timeline.messages.map(({ seq }) => seq)

test('pages and live messages may overlap: each message stands there once, in order', () => {
  const timeline = new Timeline()
  timeline.addLive(message(11))
  timeline.addPage(page(8, 11))
  timeline.addLive(message(12))
  timeline.addPage(page(4, 8))
  assert.deepEqual(seqs(timeline), [5, 6, 7, 8, 9, 10, 11, 12])
})

test('scrolling back ends at the first message, or where older ones have expired', () => {
  const timeline = new Timeline()
  assert.equal(timeline.hasOlder, false)
  timeline.addPage(page(3, 5))
  assert.deepEqual([timeline.hasOlder, timeline.before], [true, 4])
  timeline.addPage(page(0, 3))
  assert.equal(timeline.hasOlder, false)

  const shortened = new Timeline()
  shortened.addPage(page(6, 9, 7))
  assert.equal(shortened.hasOlder, false)
})

test('what is erased stands at its place and says nothing; what is older than what exists is gone', () => {
  const timeline = new Timeline()
  const said = (seq: number, from: string) =>
    ({ seq, conversation: 'c', from, messageId: `m${seq}`, payload: { type: 'text', text: 'x' } }) as unknown as Message
  for (const message of [said(1, 'ann'), said(2, 'bob'), said(3, 'ann')]) timeline.addLive(message)
  timeline.erase({ conversation: 'c', user: 'ann', upto: 2 } as unknown as Erasure)
  const types = () => timeline.messages.map(({ seq, payload }) => `${seq} ${payload.type}`)
  assert.deepEqual(types(), ['1 erased', '2 text', '3 text'])
  timeline.dropBefore(3)
  assert.deepEqual(types(), ['3 text'])
})
