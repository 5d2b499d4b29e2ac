import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '@msgpack/msgpack'
import { Reader } from '../codec/reader.js'
import { Writer } from '../codec/writer.js'
import { Chat4AllError } from '../errors.js'
import { NESTING_MAX } from '../limits.js'
import { conversationId, metadata, payload, userId } from './parts.js'
import { anything, encoded, type Type } from './types.js'

const written = <T>(type: Type<T>, value: T): Uint8Array => {
  const writer = new Writer()
  type.write(writer, value)
  return writer.take()
}
const read = <T>(type: Type<T>, bytes: Uint8Array): T => type.read(new Reader(bytes))
const invalid = (error: unknown) => error instanceof Chat4AllError && error.code === 'INVALID'
const malformed = (error: unknown) => error instanceof Chat4AllError && error.code === 'MALFORMED_FRAME'

test('content that a peer would refuse is refused where it is written', () => {
  const content = anything('content', 100)
  let deep: unknown = 1
  for (let i = 0; i < NESTING_MAX; i++) deep = [deep]
  assert.deepEqual(read(content, written(content, deep)), deep)
  const bad = [[deep], new Date(), () => 1, JSON.parse('{"__proto__": 1}'), 'x'.repeat(100), { big: 2n ** 70n }]
  for (const value of bad) assert.throws(() => written(content, value), invalid)
})

test('labels may be called like what every object has, but for the one name that is a trap', () => {
  const labels = { constructor: 'a', toString: 'b', 'schlüssel 🔑': 'c' }
  assert.deepEqual({ ...read(metadata, written(metadata, labels)) }, labels)
  const trap = JSON.parse('{"__proto__": "x"}') as Record<string, string>
  assert.throws(() => written(metadata, trap), invalid)
  assert.throws(() => read(metadata, encode(trap)), malformed)
})

test('ids are matched as a whole, each time, whatever was seen before', () => {
  for (let i = 0; i < 3; i++) {
    assert.equal(read(conversationId, encode('g-1')), 'g-1')
    for (const bad of ['', 'g 1', 'g-1\n', '\ng-1', 'gé1', 'x'.repeat(65)]) {
      assert.throws(() => read(conversationId, encode(bad)), malformed, JSON.stringify(bad))
    }
    // What is good for one kind of id is not thereby good for another.
    assert.equal(read(userId, encode('ann@example.org')), 'ann@example.org')
    assert.throws(() => read(conversationId, encode('ann@example.org')), malformed)
  }
})

test('what passes through encoded comes out byte for byte, and is checked', () => {
  const through = encoded(payload)
  const bytes = encode([0, 'hi', 'a field of a newer version'])
  assert.deepEqual(read(through, bytes), bytes)
  assert.deepEqual(written(through, bytes), bytes)
  assert.throws(() => read(through, encode([0, 7])), malformed)
  assert.throws(() => read(through, encode([0, 'x'.repeat(16 * 1024 + 1)])), malformed)
})
