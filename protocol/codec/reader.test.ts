import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { Chat4AllError } from '../errors.js'
import { NESTING_MAX } from '../limits.js'
import { Reader } from './reader.js'

const malformed = (part: string) => (error: unknown) =>
  error instanceof Chat4AllError && error.code === 'MALFORMED_FRAME' && error.detail.includes(part)

const bytesOf = (...bytes: number[]) => new Uint8Array(bytes)

test('the bound of a string counts bytes of UTF-8, not characters', () => {
  assert.equal(new Reader(encode('é'.repeat(8))).str(16), 'é'.repeat(8))
  assert.throws(() => new Reader(encode('é'.repeat(8))).str(15), malformed('at most 15 bytes'))
  assert.throws(() => new Reader(encode('é'.repeat(8))).skipStr(15), malformed('at most 15 bytes'))
})

test('texts of every length and alphabet come out as they went in, a byte order mark too', () => {
  for (const unit of ['a', 'é', '€', '😀', '\u0000', '\ufeff']) {
    for (let length = 0; length < 300; length++) {
      const text = unit.repeat(length)
      const bytes = encode(text)
      const reader = new Reader(bytes)
      assert.equal(reader.str(2_000), text)
      assert.ok(reader.done)
      const checker = new Reader(bytes)
      checker.skipStr(2_000)
      assert.ok(checker.done)
    }
  }
})

test('text that is not UTF-8 is refused wherever it stands, at every length', () => {
  const bad = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x80]]
  for (const tail of bad) {
    for (const before of [0, 7, 8, 47, 48, 127, 128, 200]) {
      const text = new Uint8Array(before + tail.length).fill(0x61)
      text.set(tail, before)
      const bytes = Buffer.concat([bytesOf(0xd9, text.length), text])
      assert.throws(() => new Reader(bytes).str(300), malformed('UTF-8'))
      assert.throws(() => new Reader(bytes).skipStr(300), malformed('UTF-8'))
      assert.throws(() => new Reader(bytes).skipPlain(), malformed('UTF-8'))
    }
  }
})

test('integers of every width within the bound are read, above it refused', () => {
  for (const n of [0, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    assert.equal(new Reader(encode(n)).uint(n), n)
    if (n > 0) assert.throws(() => new Reader(encode(n)).uint(n - 1), malformed(`up to ${n - 1}`))
  }
})

test('integers that JavaScript cannot hold exactly, negative ones and floats are refused', () => {
  const max = Number.MAX_SAFE_INTEGER
  assert.throws(() => new Reader(encode(2n ** 53n, { useBigInt64: true })).uint(max), malformed('integer up to'))
  assert.throws(() => new Reader(bytesOf(0xcf, ...new Array(8).fill(0xff))).uint(max), malformed('integer up to'))
  assert.throws(() => new Reader(encode(-1)).uint(max), malformed('unsigned integer'))
  assert.throws(() => new Reader(encode(1.5)).uint(max), malformed('unsigned integer'))
})

test('binary outside of its bounds is refused', () => {
  assert.equal(new Reader(encode(new Uint8Array(16))).bin(16, 16).length, 16)
  assert.throws(() => new Reader(encode(new Uint8Array(15))).bin(16, 16), malformed('binary of 16 to 16'))
  assert.throws(() => new Reader(encode(new Uint8Array(17))).bin(16, 16), malformed('binary of 16 to 16'))
})

test('binary is a view of the input, whatever offset this has in its memory', () => {
  const memory = new Uint8Array(100)
  memory.set(encode(bytesOf(1, 2, 3)), 10)
  const view = new Reader(memory.subarray(10, 15)).bin(0, 10)
  assert.deepEqual([...view], [1, 2, 3])
  assert.equal(view.buffer, memory.buffer)
})

test('content may lie as deep as the bound and no deeper', () => {
  const nested = (depth: number) => {
    let value: unknown = 1
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value }
    return encode(value)
  }
  new Reader(nested(NESTING_MAX)).skip()
  new Reader(nested(NESTING_MAX)).skipPlain()
  assert.throws(() => new Reader(nested(NESTING_MAX + 1)).skip(), malformed('nested deeper'))
  assert.throws(() => new Reader(nested(NESTING_MAX + 1)).skipPlain(), malformed('nested deeper'))
  assert.throws(() => new Reader(new Uint8Array(100_000).fill(0x91)).skip(), malformed('nested deeper'))
})

test('a length of 2^32 that the bytes do not hold costs nothing', () => {
  const huge = [0xff, 0xff, 0xff, 0xff]
  const before = process.memoryUsage().arrayBuffers
  for (const head of [0xdd, 0xdf, 0xdb, 0xc6]) {
    const bytes = bytesOf(head, ...huge, 0x01)
    const started = performance.now()
    for (let i = 0; i < 100; i++) {
      assert.throws(() => new Reader(bytes).skip(), malformed('ends early'))
      assert.throws(() => new Reader(bytes).skipPlain(), Chat4AllError)
    }
    // 2^32 steps, or as many bytes, would take seconds each time.
    assert.ok(performance.now() - started < 1_000)
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024)
})

test('what plain content may not hold: types beyond JSON and binary, names that are no text, __proto__', () => {
  for (const bytes of [bytesOf(0xc1), bytesOf(0xd4, 0, 0), bytesOf(0xc7, 1, 0, 0), encode(new Date())]) {
    assert.throws(() => new Reader(bytes).skip(), malformed('no frame uses'))
    assert.throws(() => new Reader(bytes).skipPlain(), malformed('no frame uses'))
  }
  assert.throws(() => new Reader(bytesOf(0x81, 0x01, 0x02)).skipPlain(), malformed('expected a string'))
  const proto = encode(JSON.parse('{"a": {"__proto__": 1}}'))
  assert.throws(() => new Reader(proto).skipPlain(), malformed('__proto__'))
  new Reader(encode({ __proto: 1, proto: { ___proto__: 2 } })).skipPlain()
})

test('skipping passes over exactly one value', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: false, maxDepth: 4 }), (value) => {
      let bytes: Uint8Array
      try {
        bytes = encode(value, { maxDepth: NESTING_MAX })
      } catch {
        return
      }
      const reader = new Reader(Buffer.concat([bytes, bytesOf(0xc3)]))
      try {
        reader.skip()
      } catch (error) {
        assert.ok(error instanceof Chat4AllError && error.detail.includes('no frame uses'))
        return
      }
      assert.equal(reader.at, bytes.length)
      assert.equal(reader.bool(), true)
    }),
    { numRuns: 1_000 },
  )
})
