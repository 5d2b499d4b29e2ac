import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'
import type { MessageBatch } from '../port.js'
import { partitionsOf, type Statement } from './statements.js'

const conversation = 'chat' as ConversationId
const app = 'app' as AppId
const lifetimes = { now: 1_000_000 as Millis, expiredKeptSeconds: 60 }

test('an apply to a short conversation is one partition, with the head last', () => {
  const partitions = partitionsOf(
    conversation,
    [
      { app, conversation, messages: batch(1, 5) },
      { app, conversation, cursors: [{ user: 'ana' as UserId, delivered: 5 as Seq, read: 3 as Seq }] },
    ],
    lifetimes,
  )
  assert.deepEqual(
    partitions.map(({ bucket }) => bucket),
    [0],
  )
  assert.match(partitions[0]!.statements.at(-1)!.query, /SET head/)
})

test('an apply to a long one is two, and bucket 0, which has the head, comes last', () => {
  const partitions = partitionsOf(conversation, [{ app, conversation, messages: batch(4_090, 4_100) }], lifetimes)
  assert.deepEqual(
    partitions.map(({ bucket }) => bucket),
    [1, 2, 0],
  )
  assert.equal(rows(partitions[0]!.statements).length, 1)
  assert.equal(rows(partitions[1]!.statements).length, 1)
  assert.equal(partitions[2]!.statements.filter(({ query }) => query.includes('message_ids')).length, 11)
})

test('ids of a very long conversation stand in buckets of their own', () => {
  const partitions = partitionsOf(conversation, [{ app, conversation, messages: batch(262_143, 262_146) }], lifetimes)
  const ids = partitions.map(({ bucket, statements }) => [
    bucket,
    statements.filter(({ query }) => query.includes('message_ids')).length,
  ])
  assert.deepEqual(
    ids.filter(([, count]) => count! > 0),
    [
      [1, 2],
      [0, 2],
    ],
  )
})

test('a row crosses no multiple of 64 messages and has no more than 128 KB, however the batch lies', () => {
  const small = partitionsOf(conversation, [{ app, conversation, messages: batch(60, 200) }], lifetimes)
  assert.deepEqual(
    rows(small[0]!.statements).map(({ first, timestamp }) => [first, timestamp]),
    [
      [60, 65],
      [65, 129],
      [129, 193],
      [193, 201],
    ],
  )
  const large = partitionsOf(conversation, [{ app, conversation, messages: batch(1, 6, undefined, 60_000) }], lifetimes)
  assert.deepEqual(
    rows(large[0]!.statements).map(({ first, timestamp }) => [first, timestamp]),
    [
      [1, 3],
      [3, 5],
      [5, 7],
    ],
  )
})

test('a row lives as long as the last of its messages, and a while longer; for ever if one of them does', () => {
  const ttl = (...expires: number[]) =>
    rows(
      partitionsOf(conversation, [{ app, conversation, messages: batch(1, expires.length, expires) }], lifetimes)[0]!
        .statements,
    )[0]!.ttl
  assert.equal(ttl(1_005_000, 1_010_000), 70)
  assert.equal(ttl(1_005_000, 0), 0)
  assert.equal(ttl(5), 60)
  assert.equal(ttl(Number.MAX_SAFE_INTEGER), 0)
})

function rows(statements: readonly Statement[]) {
  return statements
    .filter(({ query }) => query.startsWith('UPDATE messages'))
    .map(({ params }) => ({ timestamp: Number(params[0]), ttl: params[1], first: Number(params[5]) }))
}

function batch(firstSeq: number, lastSeq: number, expires?: readonly number[], bytesEach = 10): MessageBatch {
  const count = lastSeq - firstSeq + 1
  return {
    firstSeq: firstSeq as Seq,
    lastSeq: lastSeq as Seq,
    bytes: new Uint8Array(count * bytesEach),
    lengths: new Array<number>(count).fill(bytesEach),
    messageIds: new Uint8Array(count * 16),
    ...(expires && { expires: expires as Millis[] }),
  }
}
