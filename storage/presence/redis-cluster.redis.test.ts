import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import type { AppId, EdgeId, UserId } from '@chat4all/protocol'
import { testEngine } from '@chat4all/protocol/testing'
import { openRedis } from '../redis/connection.js'
import { presenceContract } from './contract.js'
import type { Presence } from './port.js'
import { redisPresence } from './redis-cluster.js'

const nodes = [testEngine('CHAT4ALL_TEST_REDIS')]
const redis = openRedis({ nodes })
after(() => redis.close())

const app = 'app' as AppId
const user = 'ana' as UserId
const newPrefix = () => `test:${randomUUID()}:`

await redis.connected

presenceContract('Redis cluster', async () => redisPresence(redis, { prefix: newPrefix() }))

test('what an edge said last long ago does not count', async () => {
  const prefix = newPrefix()
  let now = 1_700_000_000_000
  const presence = redisPresence(redis, { prefix, now: () => now })
  await presence.arrive(app, user, 'one' as EdgeId)
  now += 80_000
  await presence.arrive(app, user, 'two' as EdgeId)
  assert.deepEqual(await presence.where(app, user), ['one', 'two'])
  now += 20_000
  assert.deepEqual(await presence.where(app, user), ['two'])
  await presence.close()
})

test('with no Redis there a user is everywhere, and nobody waits', async () => {
  const told: string[] = []
  const nowhere = openRedis({ nodes: ['127.0.0.1:9'], onAway: ({ message }) => told.push(message) })
  const presence: Presence = redisPresence(nowhere, { prefix: newPrefix() })
  // Who waited for Redis each time would take 100 s.
  const began = performance.now()
  for (let i = 0; i < 100; i++) await presence.arrive(app, `user-${i}` as UserId, 'one' as EdgeId)
  assert.equal(await presence.where(app, user), 'everywhere')
  assert.ok(performance.now() - began < 20_000)
  assert.equal(told.length, 1)
  await presence.close()
  await nowhere.close()
})
