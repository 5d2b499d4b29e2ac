import { millis } from '@chat4all/protocol'
import { TokenBucket } from '../../core/token-bucket.js'

const KEYS_MAX = 50_000

/**
 * A token bucket for each key. Bounded: past the bound the key that was quiet for longest is forgotten, which at worst
 * forgives it some requests.
 */
export class RateLimiter {
  private readonly perSecond: number
  private readonly burst: number
  private readonly now: () => number
  private readonly buckets = new Map<string, TokenBucket>()

  constructor(perSecond: number, burst: number, now: () => number) {
    this.perSecond = perSecond
    this.burst = Math.max(1, burst)
    this.now = now
  }

  /** Takes one token. 0: go on; else the milliseconds until there is one. */
  take(key: string): number {
    const now = millis(this.now())
    const bucket = this.buckets.get(key) ?? new TokenBucket(this.burst, now)
    this.moveToEnd(key, bucket)
    return bucket.take(now, this.perSecond, this.burst) ? 0 : bucket.waitMs(this.perSecond)
  }

  private moveToEnd(key: string, bucket: TokenBucket): void {
    this.buckets.delete(key)
    this.buckets.set(key, bucket)
    if (this.buckets.size > KEYS_MAX) this.buckets.delete(this.buckets.keys().next().value!)
  }
}
