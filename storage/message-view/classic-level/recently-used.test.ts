import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecentlyUsed } from './recently-used.js'

test('what is used stays, what is not used goes, and the size is bounded', () => {
  const cache = new RecentlyUsed<number, string>(10)
  for (let n = 0; n < 1_000; n++) {
    cache.set(n, `value ${n}`)
    if (n >= 3) assert.equal(cache.get(3), 'value 3')
  }
  const kept = Array.from({ length: 1_000 }, (_, n) => n).filter((n) => cache.get(n) !== undefined)
  assert.ok(kept.length <= 10, `${kept.length} are kept`)
  assert.equal(cache.get(0), undefined)
})

test('a value that was replaced never comes back', () => {
  const cache = new RecentlyUsed<number, string>(4)
  cache.set(1, 'old')
  cache.set(2, 'other')
  cache.set(1, 'new')
  for (let n = 10; n < 30 && cache.get(1) !== undefined; n++) {
    assert.equal(cache.get(1), 'new')
    cache.set(n, 'filler')
  }
  assert.ok(cache.get(1) === undefined || cache.get(1) === 'new')
})
