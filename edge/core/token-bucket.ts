import type { Millis } from '@chat4all/protocol'

/** How fast a session may send: `perSecond` in the long run, `burst` at once. */
export class TokenBucket {
  private tokens: number
  private at: Millis

  constructor(burst: number, now: Millis) {
    this.tokens = burst
    this.at = now
  }

  /** Takes one if there is one. */
  take(now: Millis, perSecond: number, burst: number): boolean {
    this.refill(now, perSecond, burst)
    if (this.tokens < 1) return false
    this.tokens--
    return true
  }

  /** Takes one that is not there: a frame that cannot be refused. True when this went on for too long. */
  overdraw(burst: number): boolean {
    this.tokens--
    return this.tokens < -2 * burst
  }

  /** Milliseconds until there is one again. */
  waitMs(perSecond: number): number {
    return Math.max(1, Math.ceil(((1 - this.tokens) / perSecond) * 1000))
  }

  private refill(now: Millis, perSecond: number, burst: number): void {
    if (now > this.at) this.tokens = Math.min(burst, this.tokens + ((now - this.at) * perSecond) / 1000)
    this.at = now
  }
}
