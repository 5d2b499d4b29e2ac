import { Chat4AllError } from '@chat4all/protocol'
import type { Counted } from './request-tally.js'

const WHO: Readonly<Record<Counted['policy'], string>> = {
  address: 'Your address',
  user: 'This user',
  app: 'This app',
}

/** RATE_LIMITED, with the limit that was reached. */
export class LimitReached extends Chat4AllError {
  readonly policy: Counted['policy']

  constructor({ policy, limit, taken }: Counted) {
    const { points, seconds } = limit
    super(
      'RATE_LIMITED',
      `${WHO[policy]} may make ${points} requests in ${seconds} seconds, and did. Wait ${taken.resetMs} ms, then send the same request again.`,
      taken.resetMs,
    )
    this.policy = policy
  }
}
