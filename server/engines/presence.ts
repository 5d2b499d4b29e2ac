import { everywherePresence, openRedis, type Presence, redisPresence } from '@chat4all/storage'
import type { RoleContext } from '../roles/role.js'
import type { Teardown } from '../roles/teardown.js'
import type { Engine, EngineHealth } from './engine-health.js'

/** Where users are: in Redis, or else nobody knows and all edges are asked. Nobody waits for Redis: it is a hint. */
export function openPresence({ config }: RoleContext, health: EngineHealth, teardown: Teardown): Presence {
  if (config.redis === undefined) return everywherePresence()
  const engine: Engine = { name: 'Redis', where: config.redis.join(',') }
  health.back(engine)
  const redis = openRedis({
    nodes: config.redis,
    password: config.redisPassword,
    onAway: (error) => health.away(engine, error.message, 'shard-nodes ask all edges where a user is'),
    onBack: () => health.back(engine),
  })
  teardown.add(() => redis.close())
  const presence = redisPresence(redis, { prefix: `${config.cluster}:` })
  teardown.add(() => presence.close())
  return presence
}
