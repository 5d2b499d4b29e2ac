import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rateLimitsContract } from './contract.js'
import { inProcessRateLimits } from './in-process.js'

rateLimitsContract('in process', () => {
  const limits = inProcessRateLimits()
  return [limits, limits]
})

test('however many keys come, so many counters are kept: those that began last', async () => {
  const limits = inProcessRateLimits({ windowsMax: 10, now: () => 0 })
  const limit = { name: 'few', points: 1, seconds: 60 }
  for (let i = 0; i < 1_000; i++) await limits.take(limit, `key-${i}`)
  assert.equal(limits.windows, 10)
  assert.equal((await limits.take(limit, 'key-999')).allowed, false)
  assert.equal((await limits.take(limit, 'key-0')).allowed, true)
})

test('a window that has ended is not waited for', async () => {
  let now = 0
  const limits = inProcessRateLimits({ now: () => now })
  const limit = { name: 'short', points: 1, seconds: 2 }
  await limits.take(limit, 'a')
  now = 1_999.5
  assert.deepEqual(await limits.take(limit, 'a'), { allowed: false, remaining: 0, resetMs: 1 })
  now = 2_000
  assert.deepEqual(await limits.take(limit, 'a'), { allowed: true, remaining: 0, resetMs: 2_000 })
  assert.equal(limits.windows, 1)
})
