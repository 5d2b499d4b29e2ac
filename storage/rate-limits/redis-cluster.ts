import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import type { RedisCluster } from '../redis/connection.js'
import { allowed, keyOf, refused } from './in-process.js'
import type { RateLimits } from './port.js'

/**
 * Counters in a Redis cluster, shared by all edges. While Redis is away each edge counts for itself. A key that used its
 * points up is refused from memory until its window ends, so that a flood costs Redis nothing.
 */
export function redisRateLimits(redis: RedisCluster, prefix = 'chat4all:'): RateLimits {
  const limiters = new Map<string, RateLimiterRedis>()
  return {
    take(limit, key) {
      let limiter = limiters.get(keyOf(limit))
      if (limiter === undefined) {
        const { points, seconds: duration } = limit
        limiter = new RateLimiterRedis({
          storeClient: redis,
          useRedisPackage: true,
          keyPrefix: `${prefix}rate:${keyOf(limit)}`,
          points,
          duration,
          inMemoryBlockOnConsumed: points + 1,
          insuranceLimiter: new RateLimiterMemory({ points, duration }),
        })
        limiters.set(keyOf(limit), limiter)
      }
      return limiter.consume(key).then(allowed, refused)
    },
    async close() {},
  }
}
