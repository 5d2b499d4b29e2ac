/**
 * How often somebody may do something, counted where all edges see it. A limit protects the others: when the counter
 * cannot be reached, each edge counts for itself, and nobody is refused for that.
 */
export interface RateLimits {
  /** Takes one of what `key` may do under this limit. Never rejects. */
  take(limit: RateLimit, key: string): Promise<Taken>
  close(): Promise<void>
}

export interface RateLimit {
  /** Under which the counter stands: letters and hyphens. */
  readonly name: string
  /** So many … */
  readonly points: number
  /** … in so many seconds, counted from the first. */
  readonly seconds: number
}

export interface Taken {
  readonly allowed: boolean
  /** What is left in this window. */
  readonly remaining: number
  /** Until the window begins anew. */
  readonly resetMs: number
}
