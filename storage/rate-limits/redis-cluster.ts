import type { Redis } from '../redis/connection.js'
import { inProcessRateLimits, keyOf } from './in-process.js'
import type { RateLimits, Taken } from './port.js'

/** Keys that are known to have used up their points; past it the first ones are asked of Redis again. */
const EXHAUSTED_MAX = 50_000

/** Takes all the points or none, so that a large request that is refused costs smaller ones nothing. */
const TAKE = `
local points, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local left = redis.call('pttl', KEYS[1])
local taken = 0
if left > 0 then taken = tonumber(redis.call('get', KEYS[1])) else left = window end
if taken + points > limit then return {0, limit - taken, left} end
redis.call('set', KEYS[1], taken + points, 'px', left)
return {1, limit - taken - points, left}`

/**
 * Counters in a Redis cluster, shared by all edges: one script at one key for each take. While Redis is away each edge
 * counts for itself. A key that used its points up is refused from memory until its window ends, so that a flood costs
 * Redis nothing.
 */
export function redisRateLimits(redis: Redis, prefix = 'chat4all:', now = () => performance.now()): RateLimits {
  const alone = inProcessRateLimits({ now })
  /** When their windows end. */
  const exhausted = new Map<string, number>()

  function remember(name: string, resetMs: number): void {
    exhausted.delete(name)
    if (exhausted.size >= EXHAUSTED_MAX) exhausted.delete(exhausted.keys().next().value!)
    exhausted.set(name, now() + resetMs)
  }

  return {
    async take(limit, key, points = 1): Promise<Taken> {
      const name = `${prefix}rate:${keyOf(limit)}:${key}`
      const endsAt = exhausted.get(name)
      if (endsAt !== undefined) {
        const resetMs = Math.ceil(endsAt - now())
        if (resetMs > 0) return { allowed: false, remaining: 0, resetMs }
        exhausted.delete(name)
      }
      try {
        const ask = [points, limit.points, limit.seconds * 1000].map(String)
        const reply = await redis.run((cluster) => cluster.eval(TAKE, { keys: [name], arguments: ask }))
        const [allowed, remaining, resetMs] = reply as [number, number, number]
        if (allowed === 0 && remaining === 0) remember(name, resetMs)
        return { allowed: allowed === 1, remaining, resetMs }
      } catch {
        return alone.take(limit, key, points)
      }
    },
    close: () => alone.close(),
  }
}
