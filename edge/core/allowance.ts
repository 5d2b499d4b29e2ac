import type { Millis } from '@chat4all/protocol'

/** One user, or one app, whose sends are counted over all its sessions and all edges. */
export interface Sender {
  readonly kind: 'user' | 'app'
  /** Of an app its id; of a user the app's and its own, with a space between. */
  readonly key: string
}

/** What is told of a portion that was asked for. */
export interface Portion {
  /** What the sender may send; undefined: nobody counts it. */
  readonly perSecond: number | undefined
  /** Points of those that were asked for; 0: there are none left. */
  readonly granted: number
  /** Until what was granted lapses, or there is something again. */
  readonly resetMs: number
}

/** A portion is what one edge may send in so many seconds, so that many edges share a limit fairly. */
const PORTION_SECONDS = 0.1
/** A debt is no more than what may be sent in the time in which a counter that went away is given up. */
const DEBT_SECONDS = 1
/** Who met its limit so lately is not lent more than a portion: it would send all that it held back at once. */
const STRAINED_MS = 10_000
/** Who may borrow no more waits so long: until the counter should have answered. */
const DEBT_WAIT_MS = 50

/**
 * What one edge may send in the name of a user or an app before it asks the common counter again. Who keeps to its limit
 * never waits for the counter: what goes out while a portion is on its way is a debt, and the next portions pay it first.
 * So an edge lets through more than the limit by what comes in one round trip, and never less.
 */
export class Allowance implements Sender {
  readonly kind: Sender['kind']
  readonly key: string
  /** Below zero: a debt. */
  private left = 0
  /** When what is left lapses. */
  private until = 0
  private refusedUntil = Number.NEGATIVE_INFINITY
  private asking = false
  private portion = 1
  private debtMax = Number.POSITIVE_INFINITY
  private uncounted = false

  constructor(kind: Sender['kind'], key: string) {
    this.kind = kind
    this.key = key
  }

  /** Milliseconds until there is something again; 0: one may be sent. */
  waitMs(now: Millis): number {
    if (this.left > 0) return 0
    if (now < this.refusedUntil) return Math.ceil(this.refusedUntil - now)
    const debtMax = now < this.refusedUntil + STRAINED_MS ? this.portion : this.debtMax
    return this.asking && -this.left >= debtMax ? DEBT_WAIT_MS : 0
  }

  /** One was sent. Returns how many points are to be asked for now; 0: none. */
  spend(now: Millis): number {
    if (this.uncounted && now < this.until) return 0
    if (now >= this.until) {
      this.left = Math.min(0, this.left)
      this.uncounted = false
    }
    this.left--
    return this.asking || now < this.refusedUntil || this.left >= this.portion / 4 ? 0 : this.ask()
  }

  private ask(): number {
    this.asking = true
    return Math.max(this.portion, -this.left)
  }

  /** The answer to what was asked for. Returns how many points are to be asked for now, for a debt; 0: none. */
  answered({ perSecond, granted, resetMs }: Portion, now: Millis): number {
    this.asking = false
    this.uncounted = perSecond === undefined
    this.debtMax = perSecond === undefined ? Number.POSITIVE_INFINITY : Math.max(1, perSecond * DEBT_SECONDS)
    if (perSecond !== undefined) this.portion = Math.max(1, Math.floor(perSecond * PORTION_SECONDS))
    if (this.uncounted || granted > 0) {
      this.left = this.uncounted ? 0 : this.left + granted
      this.until = now + resetMs
      return this.left < 0 ? this.ask() : 0
    }
    // The window is used up. What was granted before is good until then; a debt is not carried into the next.
    this.left = Math.max(0, this.left)
    this.refusedUntil = now + resetMs
    return 0
  }
}
