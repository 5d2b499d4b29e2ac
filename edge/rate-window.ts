import type { RateLimit } from '@chat4all/storage'

/** Rates are averages over so long: twice a second's worth may come at once, and nobody waits longer than this. */
const RATE_WINDOW_SECONDS = 2

/** A rate as it is counted, of requests and of sends alike. `name`: see {@link RateLimit}. */
export function ratePerSecond<Name extends string>(name: Name, perSecond: number): RateLimit & { readonly name: Name } {
  return { name, points: perSecond * RATE_WINDOW_SECONDS, seconds: RATE_WINDOW_SECONDS }
}
