import { millis } from '@chat4all/protocol'
import { TokenBucket } from '../../core/token-bucket.js'

const KEYS_MAX = 50_000

export interface Rate {
  /** 0: no bound. */
  readonly perSecond: number
  /** What may come at once. */
  readonly burst: number
}

/**
 * A token bucket for each key. Bounded: past the bound the key that was quiet for longest is forgotten, which at worst
 * forgives it some requests.
 */
export class RateLimiter {
  private readonly now: () => number
  private readonly buckets = new Map<string, TokenBucket>()

  constructor(now: () => number) {
    this.now = now
  }

  /** Takes one token. 0: go on; else the milliseconds until there is one. */
  take(key: string, { perSecond, burst }: Rate): number {
    if (perSecond === 0) return 0
    const now = millis(this.now())
    const bucket = this.buckets.get(key) ?? new TokenBucket(burst, now)
    this.moveToEnd(key, bucket)
    return bucket.take(now, perSecond, burst) ? 0 : bucket.waitMs(perSecond)
  }

  private moveToEnd(key: string, bucket: TokenBucket): void {
    this.buckets.delete(key)
    this.buckets.set(key, bucket)
    if (this.buckets.size > KEYS_MAX) this.buckets.delete(this.buckets.keys().next().value!)
  }
}
