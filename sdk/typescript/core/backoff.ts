/**
 * When to connect again. Full jitter (a random time from 0 to a bound that doubles) spreads the clients of a server
 * that went away over the whole span: with a fixed or slightly varied delay they come back as one crowd.
 */
export interface BackoffLimits {
  /** Bound of the first wait. */
  readonly msBase: number
  /** Bound of every wait. */
  readonly msMax: number
  /** A session that lived this long makes the next failure count as the first. */
  readonly stableMs: number
}

export const BACKOFF: BackoffLimits = { msBase: 500, msMax: 20_000, stableMs: 5_000 }

export class Backoff {
  private readonly limits: BackoffLimits
  private failures = 0
  private onlineSince: number | undefined

  constructor(limits: BackoffLimits) {
    this.limits = limits
  }

  online(now: number): void {
    this.onlineSince = now
  }

  /** The connection, or the attempt at one, is over: how many ms to wait. `random` is from 0 to 1. */
  delayAfterEnd(now: number, random: number): number {
    const { msBase, msMax, stableMs } = this.limits
    if (this.onlineSince !== undefined && now - this.onlineSince >= stableMs) this.failures = 0
    this.onlineSince = undefined
    // 2^20 × base is past every bound that makes sense, and far from where doubling leaves the integers.
    return Math.floor(random * Math.min(msMax, msBase * 2 ** Math.min(this.failures++, 20)))
  }

  /** Something outside says that it may work now: the next wait is a short one. */
  reset(): void {
    this.failures = 0
  }
}
