import type { AppId, EdgeId, UserId } from '@chat4all/protocol'
import type { RedisCluster } from '../redis/connection.js'
import type { Presence } from './port.js'

/** A user counts as being on an edge for so long after the edge last said so. */
const FRESH_MS = 90_000
/** Edges repeat what they know this often, so that a lost Redis, or a killed edge, heals by itself. */
const REPEAT_MS = 30_000
const REPEATED_AT_ONCE = 200

/**
 * Presence in a Redis cluster: one sorted set per user, edges by the time at which they last said that the user is
 * there. What an edge that died leaves behind grows old and does not count.
 */
export function redisPresence(
  redis: RedisCluster,
  onFault: (error: Error) => void,
  now: () => number = Date.now,
  prefix = 'chat4all:',
): Presence {
  const here = new Map<string, Set<EdgeId>>()
  const keyOf = (app: AppId, user: UserId) => `${prefix}presence:{${app}/${user}}`

  async function tell(key: string, edges: Iterable<EdgeId>): Promise<void> {
    const score = now()
    await redis
      .multi()
      .zAdd(
        key,
        Array.from(edges, (value) => ({ score, value })),
      )
      .pExpire(key, FRESH_MS)
      .exec()
  }

  const repeating = setInterval(() => void repeat(), REPEAT_MS)
  repeating.unref()
  async function repeat(): Promise<void> {
    const keys = [...here]
    for (let at = 0; at < keys.length; at += REPEATED_AT_ONCE) {
      const outcomes = await Promise.allSettled(
        keys.slice(at, at + REPEATED_AT_ONCE).map(([key, edges]) => tell(key, edges)),
      )
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed !== undefined) return onFault(failed.reason as Error)
    }
  }

  return {
    async arrive(app, user, edge) {
      const key = keyOf(app, user)
      const edges = here.get(key)
      if (edges === undefined) here.set(key, new Set([edge]))
      else edges.add(edge)
      // A hint: with Redis away the user still connects, and is found at the next repeat.
      await tell(key, [edge]).catch(onFault)
    },
    async leave(app, user, edge) {
      const key = keyOf(app, user)
      const edges = here.get(key)
      edges?.delete(edge)
      if (edges?.size === 0) here.delete(key)
      await redis.zRem(key, edge).catch(onFault)
    },
    async where(app, user) {
      return (await redis.zRangeByScore(keyOf(app, user), now() - FRESH_MS, '+inf')) as EdgeId[]
    },
    async close() {
      clearInterval(repeating)
    },
  }
}
