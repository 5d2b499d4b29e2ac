import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimit, RateLimits, Taken } from './port.js'

/** Counts in this process: the whole truth where there is one edge, and each edge's own where there are several. */
export function inProcessRateLimits(): RateLimits {
  const limiters = new Map<string, RateLimiterMemory>()
  return {
    take(limit, key) {
      let limiter = limiters.get(keyOf(limit))
      if (limiter === undefined) {
        limiter = new RateLimiterMemory({ keyPrefix: limit.name, points: limit.points, duration: limit.seconds })
        limiters.set(keyOf(limit), limiter)
      }
      return limiter.consume(key).then(allowed, refused)
    },
    async close() {},
  }
}

/** One counter per limit, also when the same name comes with other numbers. */
export function keyOf({ name, points, seconds }: RateLimit): string {
  return `${name}:${points}/${seconds}`
}

export function allowed({ remainingPoints, msBeforeNext }: RateLimiterRes): Taken {
  return { allowed: true, remaining: remainingPoints, resetMs: msBeforeNext }
}

/** The library rejects with its result where there are no points left. */
export function refused(reason: unknown): Taken {
  if (reason instanceof Error) throw reason
  return { allowed: false, remaining: 0, resetMs: Math.max(1, (reason as RateLimiterRes).msBeforeNext) }
}
