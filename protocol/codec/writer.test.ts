import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, decodeMulti } from '@msgpack/msgpack'
import fc from 'fast-check'
import { Writer } from './writer.js'

const written = (write: (writer: Writer) => void, chunkBytes = 16) => {
  const writer = new Writer(chunkBytes)
  write(writer)
  return writer.take()
}

test('texts of every length and alphabet are read by another library', () => {
  for (const unit of ['a', 'é', '€', '😀']) {
    for (const length of [0, 1, 7, 8, 10, 15, 16, 31, 32, 63, 64, 85, 86, 127, 128, 255, 256, 257, 21_845, 70_000]) {
      const text = unit.repeat(length)
      assert.equal(decode(written((w) => w.str(text))), text)
    }
  }
})

test('a lone surrogate, which UTF-8 cannot hold, is written as the replacement character', () => {
  assert.equal(decode(written((w) => w.str('a\ud800b'))), 'a\ufffdb')
})

test('heads take the shortest form', () => {
  const head = (write: (writer: Writer) => void) => written(write)[0]
  assert.deepEqual(
    [0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0xffffffff, 0x100000000].map((n) => head((w) => w.uint(n))),
    [0x7f, 0xcc, 0xcc, 0xcd, 0xcd, 0xce, 0xce, 0xcf],
  )
  assert.deepEqual(
    [0, 31, 32, 255, 256, 65_535, 65_536].map((n) => head((w) => w.str('x'.repeat(n)))),
    [0xa0, 0xbf, 0xd9, 0xd9, 0xda, 0xda, 0xdb],
  )
  assert.deepEqual(
    [0, 255, 256, 65_535, 65_536].map((n) => head((w) => w.bin(new Uint8Array(n)))),
    [0xc4, 0xc4, 0xc5, 0xc5, 0xc6],
  )
  assert.deepEqual(
    [0, 15, 16, 65_535, 65_536].map((n) => head((w) => w.array(n))),
    [0x90, 0x9f, 0xdc, 0xdc, 0xdd],
  )
  assert.deepEqual(
    [0, 15, 16, 65_535, 65_536].map((n) => head((w) => w.map(n))),
    [0x80, 0x8f, 0xde, 0xde, 0xdf],
  )
})

test('what was taken does not change when the writer goes on', () => {
  const values = fc.array(fc.oneof(fc.string(), fc.maxSafeNat(), fc.uint8Array(), fc.boolean(), fc.constant(null)))
  fc.assert(
    fc.property(fc.array(values), fc.integer({ min: 1, max: 64 }), (batches, chunkBytes) => {
      const writer = new Writer(chunkBytes)
      const taken = batches.map((batch) => {
        for (const value of batch) {
          if (typeof value === 'string') writer.str(value)
          else if (typeof value === 'number') writer.uint(value)
          else if (typeof value === 'boolean') writer.bool(value)
          else if (value === null) writer.nil()
          else writer.bin(value)
        }
        return writer.take()
      })
      assert.deepEqual(
        taken.map((bytes) => [...decodeMulti(bytes)]),
        batches,
      )
    }),
  )
})

test('what is rewound is forgotten, and what stood before it stays', () => {
  const writer = new Writer(8)
  writer.str('kept')
  const mark = writer.length
  writer.str('forgotten, and longer than a chunk')
  writer.rewind(mark)
  writer.uint(7)
  assert.deepEqual([...decodeMulti(writer.since(mark))], [7])
  assert.deepEqual([...decodeMulti(writer.take())], ['kept', 7])
  assert.equal(writer.length, 0)
})
