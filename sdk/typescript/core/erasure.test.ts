import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConversationId, MessageId, Millis, Seq, UserId } from '@chat4all/protocol'
import { afterErasure, Erasures, erasureOf } from './erasure.js'
import type { Message } from './message.js'

const CHAT = 'c' as ConversationId

function message(seq: number, from: string, payload: Message['payload'], conversation = CHAT): Message {
  return {
    conversation,
    seq: seq as Seq,
    messageId: `m${seq}` as MessageId,
    from: from as UserId,
    own: from === 'ann',
    time: (1_000 + seq) as Millis,
    payload,
    metadata: { subject: 'private' },
  }
}

const said = (seq: number, from: string, conversation?: ConversationId) =>
  message(seq, from, { type: 'text', text: `by ${from}` }, conversation)
const changed = (seq: number, change: object) =>
  message(seq, 'ann', { type: 'membership', added: [], removed: [], ...change })

test('a message of membership tells what is erased: what one user said, or everything; others tell nothing', () => {
  assert.deepEqual(erasureOf(changed(7, { forgotten: 'bob' })), { conversation: CHAT, user: 'bob', upto: 7 })
  assert.deepEqual(erasureOf(changed(8, { erased: true })), { conversation: CHAT, user: undefined, upto: 8 })
  assert.equal(erasureOf(changed(9, { removed: ['bob'] })), undefined)
  assert.equal(erasureOf(said(1, 'ann')), undefined)
})

test('an erased message is of nobody and says nothing, at its seq and time', () => {
  const erasure = erasureOf(changed(7, { forgotten: 'ann' }))!
  assert.deepEqual(afterErasure(said(3, 'ann'), erasure), {
    conversation: CHAT,
    seq: 3,
    messageId: 'm3',
    from: 'erased',
    own: false,
    time: 1_003,
    payload: { type: 'erased' },
  })
})

test('others’ messages, later ones, other conversations and changes of members stay the same objects', () => {
  const erasure = erasureOf(changed(7, { forgotten: 'ann' }))!
  const untouched = [
    said(3, 'bob'),
    said(8, 'ann'),
    said(3, 'ann', 'd' as ConversationId),
    changed(4, { added: ['cid'] }),
  ]
  for (const one of untouched) assert.equal(afterErasure(one, erasure), one)
})

test('a page that was read before an erasure and comes after it says nothing of what is erased', () => {
  const erasures = new Erasures()
  for (const change of [
    changed(5, { forgotten: 'bob' }),
    changed(7, { forgotten: 'ann' }),
    changed(9, { forgotten: 'bob' }),
  ]) {
    erasures.note(erasureOf(change)!)
  }
  const page = [said(1, 'ann'), said(2, 'cid'), said(8, 'bob'), said(10, 'bob')]
  assert.deepEqual(
    page.map((one) => erasures.applyTo(one).payload.type),
    ['erased', 'text', 'erased', 'text'],
  )
})
