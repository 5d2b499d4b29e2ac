import type { RateLimit, Taken } from '@chat4all/storage'

/** What one request took of one limit. */
export interface Counted {
  readonly policy: 'address' | 'user' | 'app'
  readonly limit: RateLimit
  readonly taken: Taken
}

/** What a request took of each limit that it counts under; told in its answer. */
export class RequestTally {
  private readonly counted = new Map<Counted['policy'], Counted>()

  /** In the place of what was counted before under the same policy. */
  add(counted: Counted): void {
    this.counted.set(counted.policy, counted)
  }

  /** The fields of draft-ietf-httpapi-ratelimit-headers-11, in which a policy is a String and a window whole seconds. */
  setHeaders(headers: Headers): void {
    if (this.counted.size === 0) return
    const all = [...this.counted.values()]
    const policies = all.map(({ policy, limit: { points, seconds } }) => `"${policy}";q=${points};w=${seconds}`)
    const limits = all.map(
      ({ policy, taken: { remaining, resetMs } }) => `"${policy}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
    )
    headers.set('ratelimit-policy', policies.join(', '))
    headers.set('ratelimit', limits.join(', '))
  }
}
