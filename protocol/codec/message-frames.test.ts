import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { Chat4AllError } from '../errors.js'
import { type ConversationId, seq } from '../ids.js'
import { SERVER_FRAMES } from '../schema/client-frames.js'
import { type Message, message } from '../schema/parts.js'
import { arbitraryJson } from '../vectors/arbitrary-json.js'
import { wireOfJson } from '../vectors/wire-json.js'
import { frameCodec } from './frame-codec.js'
import { decodeMessages, encodeDeliver, encodePage, seqOfMessage, splitMessages } from './message-frames.js'
import { Writer } from './writer.js'

const codec = frameCodec(SERVER_FRAMES)
const conversation = 'c1' as ConversationId

const arbitraryRecords = fc.array(
  arbitraryJson(message.schema).map((json) => encode(wireOfJson(message.schema, json))),
  { maxLength: 6 },
)

function decodeOne(bytes: Uint8Array) {
  const frames: unknown[] = []
  codec.decodeAll(bytes, (frame) => frames.push(frame))
  assert.equal(frames.length, 1)
  return frames[0]
}

test('messages that are put into frames encoded come out as those that were put in decoded', () => {
  fc.assert(
    fc.property(arbitraryRecords, (records) => {
      const bytes = new Uint8Array(Buffer.concat(records))
      const messages = decodeMessages(bytes)
      const writer = new Writer(32)

      encodeDeliver(writer, conversation, seq(3), seq(9), records.length, bytes)
      const range = { conversation, after: seq(3), upto: seq(9) }
      assert.deepEqual(decodeOne(writer.take()), { t: 'deliver', ...range, messages })

      const about = { ...range, ask: 7, first: seq(1), head: seq(12) }
      encodePage(writer, { ...about, count: records.length, messages: bytes })
      assert.deepEqual(decodeOne(writer.take()), { t: 'page', ...about, messages })
    }),
  )
})

test('messages one behind the other are cut apart where they were joined', () => {
  fc.assert(
    fc.property(arbitraryRecords, (records) => {
      const split = splitMessages(Buffer.concat(records))
      assert.deepEqual(
        split.map((record) => Buffer.from(record)),
        records.map((record) => Buffer.from(record)),
      )
      assert.deepEqual(
        split.map(seqOfMessage),
        split.map((record) => (decodeMessages(record)[0] as Message).seq),
      )
    }),
  )
})

test('bytes that are no whole messages are refused', () => {
  const record = encode([1, new Uint8Array(16), 'ann', 5, [0, 'hi']])
  for (let length = 1; length < record.length; length++) {
    assert.throws(() => splitMessages(record.subarray(0, length)), Chat4AllError)
    assert.throws(() => decodeMessages(record.subarray(0, length)), Chat4AllError)
  }
  assert.deepEqual(splitMessages(new Uint8Array(0)), [])
})
