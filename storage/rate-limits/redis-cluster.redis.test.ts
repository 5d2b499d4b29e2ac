import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { testEngine } from '@chat4all/protocol/testing'
import { openRedis } from '../redis/connection.js'
import { rateLimitsContract } from './contract.js'
import { redisRateLimits } from './redis-cluster.js'

const nodes = [testEngine('CHAT4ALL_TEST_REDIS')]
const redis = openRedis({ nodes })
await redis.connected
const prefix = `test-${randomUUID()}:`
after(() => redis.close())

rateLimitsContract('Redis cluster', () => [redisRateLimits(redis, prefix), redisRateLimits(redis, prefix)])

test('edges count together', async () => {
  const [one, other] = [redisRateLimits(redis, prefix), redisRateLimits(redis, prefix)]
  const limit = { name: 'together', points: 4, seconds: 30 }
  const key = randomUUID()
  const taken = [await one.take(limit, key), await other.take(limit, key), await one.take(limit, key)]
  assert.deepEqual(
    taken.map(({ remaining }) => remaining),
    [3, 2, 1],
  )
})

test('with Redis away each edge counts for itself, and nobody waits', async () => {
  const away = openRedis({ nodes })
  await away.connected
  const limits = redisRateLimits(away, prefix)
  const limit = { name: 'away', points: 2, seconds: 30 }
  const key = randomUUID()
  assert.equal((await limits.take(limit, key)).allowed, true)
  await away.close()
  const outcomes = [await limits.take(limit, key), await limits.take(limit, key), await limits.take(limit, key)]
  assert.deepEqual(
    outcomes.map(({ allowed }) => allowed),
    [true, true, false],
  )
  // Who waited for Redis each time would take 100 s.
  const began = performance.now()
  for (let i = 0; i < 100; i++) await limits.take(limit, randomUUID())
  assert.ok(performance.now() - began < 20_000)
})

test('who used its points up is refused without asking Redis, also on an edge that Redis left since', async () => {
  const asked = openRedis({ nodes })
  await asked.connected
  const limits = redisRateLimits(asked, prefix)
  const limit = { name: 'exhausted', points: 1, seconds: 30 }
  const key = randomUUID()
  await limits.take(limit, key)
  assert.equal((await limits.take(limit, key)).allowed, false)
  await asked.close()
  assert.equal((await limits.take(limit, key)).allowed, false)
})
