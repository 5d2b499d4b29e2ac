import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateLimiter } from './rate-limiter.js'

test('a burst at once, then the rate, and the wait that is told is long enough', () => {
  let now = 0
  const limiter = new RateLimiter(10, 3, () => now)
  assert.deepEqual([limiter.take('a'), limiter.take('a'), limiter.take('a')], [0, 0, 0])
  const wait = limiter.take('a')
  assert.equal(wait, 100)
  now += wait - 1
  assert.notEqual(limiter.take('a'), 0)
  now += 1
  assert.equal(limiter.take('a'), 0)
})

test('keys do not share a bucket', () => {
  const limiter = new RateLimiter(1, 1, () => 0)
  assert.equal(limiter.take('a'), 0)
  assert.equal(limiter.take('b'), 0)
  assert.notEqual(limiter.take('a'), 0)
})

test('a clock that steps back neither gives requests away nor locks anybody out', () => {
  let now = 10_000
  const limiter = new RateLimiter(1, 2, () => now)
  assert.equal(limiter.take('a'), 0)
  now = 0
  assert.equal(limiter.take('a'), 0)
  assert.equal(limiter.take('a'), 1000)
  now = 1000
  assert.equal(limiter.take('a'), 0)
})
