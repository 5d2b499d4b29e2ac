import { everywherePresence, inProcessRateLimits, type Presence, type RateLimits } from '@chat4all/storage'
import type { RoleContext } from '../roles/role.js'
import type { Teardown } from '../roles/teardown.js'
import type { Engine, EngineHealth } from './engine-health.js'

export interface RedisParts {
  /** Where users are: in Redis, or else nobody knows and all edges are asked. */
  readonly presence: Presence
  /** Counted in Redis by all edges together, or else by each for itself. */
  readonly rateLimits: RateLimits
}

/** What Redis does for edges and shard-nodes. Nobody waits for it: it is a hint, and a counter. */
export async function openRedisParts(
  { config }: RoleContext,
  health: EngineHealth,
  teardown: Teardown,
): Promise<RedisParts> {
  if (config.redis === undefined) return { presence: everywherePresence(), rateLimits: inProcessRateLimits() }
  const { openRedis, redisPresence, redisRateLimits } = await import('@chat4all/storage/redis')
  const engine: Engine = { name: 'Redis', where: config.redis.join(',') }
  health.back(engine)
  const redis = openRedis({
    nodes: config.redis,
    password: config.redisPassword,
    onAway: (error) =>
      health.away(engine, error.message, 'shard-nodes ask all edges where a user is, and each edge counts for itself'),
    onBack: () => health.back(engine),
  })
  teardown.add(() => redis.close())
  const prefix = `${config.cluster}:`
  const presence = redisPresence(redis, { prefix })
  teardown.add(() => presence.close())
  const rateLimits = redisRateLimits(redis, prefix)
  teardown.add(() => rateLimits.close())
  return { presence, rateLimits }
}
