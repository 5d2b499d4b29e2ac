import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConversationId, logRecord, type Millis, type Seq, sealedMessage, Writer } from '@chat4all/protocol'
import { changesOf } from './recovery.js'
import { ALICE, APP, CONVERSATION, idOf, text } from './testing/world.js'

function entry(conversation: ConversationId, first: number, count: number): Uint8Array {
  const messages = new Writer()
  for (let seq = first; seq < first + count; seq++) {
    const payload = text(`message ${seq}`)
    sealedMessage.write(messages, { seq: seq as Seq, message_id: idOf(seq), from: ALICE, time: 1 as Millis, payload })
  }
  const record = new Writer()
  logRecord.write(record, {
    type: 'messages',
    conversation,
    app: APP,
    first: first as Seq,
    count,
    messages: messages.take(),
  })
  return record.take()
}

// Found by the simulator (seed 1000005 of 1,000 operations): messages 82 and 83 were written over 52 and 53.
test('a log whose slot went to another node and came back has a gap: what stands behind it keeps its own seqs', () => {
  const changes = changesOf([entry(CONVERSATION, 1, 2), entry(CONVERSATION, 3, 1), entry(CONVERSATION, 7, 2)])
  assert.deepEqual(
    changes.map(({ messages }) => [messages!.firstSeq, messages!.lastSeq, messages!.lengths.length]),
    [
      [1, 3, 3],
      [7, 8, 2],
    ],
  )
})
