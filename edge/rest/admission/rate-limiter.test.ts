import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateLimiter } from './rate-limiter.js'

test('a burst at once, then the rate, and the wait that is told is long enough', () => {
  let now = 0
  const limiter = new RateLimiter(() => now)
  const take = () => limiter.take('a', { perSecond: 10, burst: 3 })
  assert.deepEqual([take(), take(), take()], [0, 0, 0])
  const wait = take()
  assert.equal(wait, 100)
  now += wait - 1
  assert.notEqual(take(), 0)
  now += 1
  assert.equal(take(), 0)
})

test('without a bound nobody waits', () => {
  const limiter = new RateLimiter(() => 0)
  for (let i = 0; i < 100; i++) assert.equal(limiter.take('a', { perSecond: 0, burst: 0 }), 0)
})

test('keys do not share a bucket', () => {
  const limiter = new RateLimiter(() => 0)
  const take = (key: string) => limiter.take(key, { perSecond: 1, burst: 1 })
  assert.equal(take('a'), 0)
  assert.equal(take('b'), 0)
  assert.notEqual(take('a'), 0)
})

test('a clock that steps back neither gives requests away nor locks anybody out', () => {
  let now = 10_000
  const limiter = new RateLimiter(() => now)
  const take = () => limiter.take('a', { perSecond: 1, burst: 2 })
  assert.equal(take(), 0)
  now = 0
  assert.equal(take(), 0)
  assert.equal(take(), 1000)
  now = 1000
  assert.equal(take(), 0)
})
