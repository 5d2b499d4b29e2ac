import type { Delivery } from '@chat4all/storage'

/** Attempts that stay in a delivery's log. */
export const ATTEMPTS_KEPT = 10

/** Bounds of what is done for one webhook. */
export interface WebhookLimits {
  /** An attempt ends after so long, whatever the receiver does. */
  readonly attemptMsMax: number
  readonly connectMsMax: number
  /** An answer is read so far, and no further. */
  readonly answerBytesMax: number
  /** So much of an answer is kept with the attempt. */
  readonly excerptBytesMax: number
  /** Attempts under way at once. */
  readonly atOnceMax: number
  /** Attempts begun in a second. */
  readonly perSecondMax: number
  /**
   * A delivery that was not taken within so long is written down, and the stream goes on. It is also the longest that one
   * receiver can hold up the events of others, once.
   */
  readonly graceMs: number
  /** After so many failures, with others taken in between, a delivery no longer holds up those behind it. */
  readonly attemptsInOrder: number
  /** The same when nothing is taken at all: the receiver may be down as a whole, so order is kept for longer. */
  readonly attemptsInOrderWhenDown: number
  readonly retryMsMin: number
  readonly retryMsMax: number
  /** A delivery is attempted for so long, then it is dead. */
  readonly giveUpMs: number
  /** A webhook of which nothing was taken for so long is disabled. */
  readonly disableMs: number
  /** Failures in a row that open the breaker. */
  readonly breakerFailures: number
  readonly breakerMsMin: number
  readonly breakerMsMax: number
  /** Waiting deliveries in memory at once; the others wait in the store. */
  readonly windowDeliveriesMax: number
  /** How often a process looks for what others left to do. */
  readonly pollMs: number
  /** A process that delivers says so for so long ahead. */
  readonly claimMs: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

export const WEBHOOK_LIMITS: WebhookLimits = {
  attemptMsMax: 15_000,
  connectMsMax: 5_000,
  answerBytesMax: 65_536,
  excerptBytesMax: 1_024,
  atOnceMax: 10,
  perSecondMax: 100,
  graceMs: 250,
  attemptsInOrder: 3,
  attemptsInOrderWhenDown: ATTEMPTS_KEPT,
  retryMsMin: 5_000,
  retryMsMax: 8 * HOUR_MS,
  giveUpMs: 3 * DAY_MS,
  disableMs: 5 * DAY_MS,
  breakerFailures: 5,
  breakerMsMin: 1_000,
  breakerMsMax: 5 * MINUTE_MS,
  windowDeliveriesMax: 1_000,
  pollMs: 1_000,
  claimMs: 30_000,
}

/** How often it was attempted since it began to wait: what is redelivered begins anew. At most {@link ATTEMPTS_KEPT}. */
export function triesOf({ attemptLog, queued }: Delivery): number {
  return attemptLog.filter(({ at }) => at >= queued).length
}

/** Four times as long after each failure, give or take a quarter, so that receivers are not met by all at once. */
export function retryMs(tries: number, limits: WebhookLimits, random: () => number): number {
  const ms = Math.min(limits.retryMsMin * 4 ** (tries - 1), limits.retryMsMax)
  return Math.round(ms * (0.75 + random() / 2))
}
