import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { Redis, RedisCluster } from '../redis/connection.js'
import { allowed, inProcessRateLimits, keyOf, refused } from './in-process.js'
import type { RateLimit, RateLimits } from './port.js'

/**
 * Counters in a Redis cluster, shared by all edges. While Redis is away each edge counts for itself. A key that used its
 * points up is refused from memory until its window ends, so that a flood costs Redis nothing.
 */
export function redisRateLimits(redis: Redis, prefix = 'chat4all:'): RateLimits {
  const limiters = new Map<string, RateLimiterRedis>()
  const alone = inProcessRateLimits()

  function limiterOf(cluster: RedisCluster, limit: RateLimit): RateLimiterRedis {
    let limiter = limiters.get(keyOf(limit))
    if (limiter === undefined) {
      const { points, seconds: duration } = limit
      limiter = new RateLimiterRedis({
        storeClient: cluster,
        useRedisPackage: true,
        keyPrefix: `${prefix}rate:${keyOf(limit)}`,
        points,
        duration,
        inMemoryBlockOnConsumed: points + 1,
      })
      limiters.set(keyOf(limit), limiter)
    }
    return limiter
  }

  return {
    take: (limit, key) =>
      redis
        .run((cluster) => limiterOf(cluster, limit).consume(key).then(allowed, refused))
        .catch(() => alone.take(limit, key)),
    close: () => alone.close(),
  }
}
