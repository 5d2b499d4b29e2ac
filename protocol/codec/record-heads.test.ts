import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, ConversationId, LogId, Millis, Offset, Seq, UserId } from '../ids.js'
import { type LogRecord, logRecord } from '../schema/log-records.js'
import { Reader } from './reader.js'
import { readRecordHead, recordHeadOf } from './record-heads.js'
import { Writer } from './writer.js'

const of = { conversation: 'c1' as ConversationId, app: 'demo' as AppId }
const ann = 'ann' as UserId
const records: LogRecord[] = [
  { type: 'created', ...of, kind: 'group', members: [ann], admins: [ann], time: 5 as Millis, metadata: { a: 'b' } },
  { type: 'follows', log: 'node-1.x' as LogId, end: 70_000 as Offset },
  { type: 'messages', ...of, first: 3 as Seq, count: 2, messages: new Uint8Array(300).fill(7) },
  { type: 'cursors', ...of, items: [{ user: ann, delivered: 9 as Seq, read: 2 as Seq, time: 8 as Millis }] },
] as LogRecord[]

test('heads of the records of an entry say what the whole records say, and take the same bytes', () => {
  const writer = new Writer()
  for (const record of records) logRecord.write(writer, record)
  const reader = new Reader(writer.take())
  const heads = records.map(() => readRecordHead(reader))
  assert.equal(reader.done, true)
  assert.deepEqual(
    heads.map((head) => (head.type === 'follows' ? head : logRecord.read(new Reader(head.record)))),
    records.map((record) => logRecord.read(new Reader(encoded(record)))),
  )
  for (const head of heads) if (head.type !== 'follows') assert.deepEqual({ ...of }, whose(head))
})

test('a record with fields of a newer version is passed over as a whole', () => {
  const writer = new Writer()
  writer.array(5)
  writer.uint(1)
  writer.str('c1')
  writer.str('demo')
  writer.uint(7)
  writer.array(2)
  writer.uint(1)
  writer.uint(2)
  const record = writer.take()
  assert.deepEqual(recordHeadOf(record), { type: 'messages', ...of, record })
})

test('what ends early, or has an unknown type, is refused', () => {
  const whole = encoded(records[2]!)
  for (const length of [0, 1, 3, 10, whole.length - 1])
    assert.throws(() => recordHeadOf(whole.subarray(0, length)), { code: 'MALFORMED_FRAME' })
  assert.throws(() => recordHeadOf(Uint8Array.of(0x92, 9, 1)), { code: 'MALFORMED_FRAME' })
})

function encoded(record: LogRecord): Uint8Array {
  const writer = new Writer()
  logRecord.write(writer, record)
  return writer.take()
}

function whose({ app, conversation }: { app: AppId; conversation: ConversationId }) {
  return { app, conversation }
}
