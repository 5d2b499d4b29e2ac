import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { illFormedAt } from './well-formed.js'

test('the way to the first text with half of a surrogate pair is told', () => {
  assert.deepEqual(illFormedAt('\ud800'), [])
  assert.deepEqual(illFormedAt({ a: 'x', b: ['y', { c: 'z\udfff' }], d: '\ud800' }), ['b', 1, 'c'])
})

test('a bad name is told by the object that it is in', () => {
  assert.deepEqual(illFormedAt({ labels: { '\udc00': 'x' } }), ['labels'])
})

test('pairs, and halves that stand together as one, are well-formed', () => {
  assert.equal(illFormedAt({ '\u{1f600}': ['\ud83d\ude00', 1, null, true, new Uint8Array(2)] }), undefined)
})

test('it finds what a strict encoder refuses, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) })), (texts) => {
      const isKept = texts.every((text) => Buffer.from(text).toString() === text)
      assert.equal(illFormedAt(texts) === undefined, isKept)
    }),
  )
})

test('nesting deeper than the stack is looked through', () => {
  const depth = 200_000
  assert.equal(illFormedAt(JSON.parse(`${'['.repeat(depth)}"\\ud800"${']'.repeat(depth)}`))?.length, depth)
})
