import type { Millis } from '@chat4all/protocol'

/**
 * Whether `spanMs` have gone by since `since`. Clocks are set back, and nobody may wait until one has caught up with
 * itself: a moment that lies in the future counts as long ago.
 */
export function hasElapsed(spanMs: number, since: Millis, now: Millis): boolean {
  return now < since || now - since >= spanMs
}
