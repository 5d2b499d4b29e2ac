import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { testEngine } from '@chat4all/protocol/testing'
import { loadConfig } from '../config/load-config.js'
import { createLogger } from '../logger.js'
import { createRegistry } from '../metrics.js'
import type { RoleContext } from '../roles/role.js'
import { Teardown } from '../roles/teardown.js'
import { EngineHealth } from './engine-health.js'
import { openRedisParts } from './redis.js'

const REDIS = testEngine('CHAT4ALL_TEST_REDIS')

function contextOf(cluster: string): RoleContext {
  const { config } = loadConfig('edge', {
    CHAT4ALL_NODE_ID: 'edge-1',
    CHAT4ALL_MEMBERS: 'node-1@127.0.0.1:7001',
    CHAT4ALL_TOKEN_KEY: Buffer.alloc(32, 7).toString('base64'),
    CHAT4ALL_REDIS: REDIS,
    CHAT4ALL_CLUSTER: cluster,
  })
  return {
    config,
    logger: createLogger('silent'),
    registry: createRegistry('edge', 'test'),
    demo: false,
    storageFailed: (error) => assert.fail(error),
  }
}

test('processes of one cluster count together, those of another apart', async () => {
  const teardown = new Teardown()
  const open = async (cluster: string) => {
    const context = contextOf(cluster)
    const health = new EngineHealth(context.logger, context.registry)
    return (await openRedisParts(context, health, teardown)).rateLimits
  }
  const name = `t${randomUUID().slice(0, 8)}`
  const [one, other, elsewhere] = [await open(name), await open(name), await open(`${name}x`)]
  const take = (limits: typeof one) => limits.take({ name: 'user', points: 10, seconds: 60 }, 'demo ana')
  try {
    // A connection that stands not yet counts for itself: until both see what the other took.
    const deadline = Date.now() + 30_000
    let seen: [number, number]
    do {
      assert.ok(Date.now() < deadline, 'they do not count together')
      seen = [(await take(one)).remaining, (await take(other)).remaining]
      await new Promise((resolve) => setTimeout(resolve, 50))
    } while (seen[1] !== seen[0] - 1 && seen[1] !== 0)
    assert.ok((await take(elsewhere)).remaining > 0)
  } finally {
    await teardown.run()
  }
})
