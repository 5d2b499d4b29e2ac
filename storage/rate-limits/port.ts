/**
 * How often somebody may do something, counted where all edges see it. A limit protects the others: when the counter
 * cannot be reached, each edge counts for itself, and nobody is refused for that.
 */
export interface RateLimits {
  /**
   * Takes `points` (1 unless given) of what `key` may do under this limit: all of them or none. Never rejects, and takes
   * a second at most, once, when the counter goes away.
   */
  take(limit: RateLimit, key: string, points?: number): Promise<Taken>
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
