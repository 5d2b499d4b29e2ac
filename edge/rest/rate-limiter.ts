const KEYS_MAX = 50_000

/**
 * Token buckets by key: `burst` requests at once, `perSecond` in the long run. Bounded: past the bound the key that
 * was quiet for longest is forgotten, which at worst forgives it some requests.
 */
export class RateLimiter {
  private readonly perMs: number
  private readonly burst: number
  private readonly now: () => number
  private readonly buckets = new Map<string, { tokens: number; at: number }>()

  constructor(perSecond: number, burst: number, now: () => number) {
    this.perMs = perSecond / 1000
    this.burst = Math.max(1, burst)
    this.now = now
  }

  /** Takes one token. 0: go on; else the milliseconds until there is one. */
  take(key: string): number {
    const now = this.now()
    const bucket = this.buckets.get(key) ?? { tokens: this.burst, at: now }
    // A clock that steps back gives nothing and takes nothing.
    const gained = Math.max(0, now - bucket.at) * this.perMs
    bucket.tokens = Math.min(this.burst, bucket.tokens + gained)
    bucket.at = now
    this.touch(key, bucket)
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / this.perMs))
    bucket.tokens--
    return 0
  }

  private touch(key: string, bucket: { tokens: number; at: number }): void {
    this.buckets.delete(key)
    this.buckets.set(key, bucket)
    if (this.buckets.size > KEYS_MAX) this.buckets.delete(this.buckets.keys().next().value!)
  }
}
