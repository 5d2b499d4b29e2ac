import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Millis } from '@chat4all/protocol'
import { TokenBucket } from './token-bucket.js'

const at = (ms: number) => ms as Millis

test('a burst is free, then the rate counts', () => {
  const bucket = new TokenBucket(3, at(0))
  const takes = (now: number, count: number) => Array.from({ length: count }, () => bucket.take(at(now), 10, 3))
  assert.deepEqual(takes(0, 4), [true, true, true, false])
  assert.equal(bucket.waitMs(10), 100)
  assert.deepEqual(takes(99, 1), [false])
  assert.deepEqual(takes(200, 3), [true, true, false])
  assert.deepEqual(takes(100_000, 4), [true, true, true, false])
})

test('a clock that steps back gives nothing and takes nothing', () => {
  const bucket = new TokenBucket(1, at(1_000))
  assert.equal(bucket.take(at(1_000), 10, 1), true)
  assert.equal(bucket.take(at(0), 10, 1), false)
  assert.equal(bucket.take(at(100), 10, 1), true)
})

test('who goes on regardless is told apart from who is hasty for a moment', () => {
  const bucket = new TokenBucket(10, at(0))
  const overdrawn = Array.from({ length: 31 }, () => bucket.overdraw(10))
  assert.equal(overdrawn.indexOf(true), 30)
})
