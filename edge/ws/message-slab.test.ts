import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageSlab } from './message-slab.js'

test('copies stay what they were, whatever is lent and copied afterwards', () => {
  const slab = new MessageSlab()
  const copies: { copy: Uint8Array; value: number; length: number }[] = []
  for (let i = 0; i < 500; i++) {
    const length = [0, 1, 100, 5_000, 20_000, 70_000][i % 6]!
    const lent = new Uint8Array(length).fill(i % 251)
    copies.push({ copy: slab.copy(lent.buffer), value: i % 251, length })
    lent.fill(255)
  }
  for (const { copy, value, length } of copies) {
    assert.equal(copy.length, length)
    assert.ok(copy.every((byte) => byte === value))
  }
})
