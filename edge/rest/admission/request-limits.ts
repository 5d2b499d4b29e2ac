import type { DirectoryStore, RateLimits } from '@chat4all/storage'
import { quotasOf } from '../../app-quotas.js'
import type { Identity } from '../../auth/port.js'
import { ratePerSecond } from '../../rate-window.js'
import { countedAddress } from '../http/client-address.js'
import { LimitReached } from './limit-reached.js'
import type { Counted, RequestTally } from './request-tally.js'
import type { RestLimits } from './rest-limits.js'

/**
 * How often an address, a user and an app may ask, counted across edges. Who is refused for one of them is not counted
 * under the next: a user that asks too often takes nothing away from its app.
 */
export class RequestLimits {
  private readonly counters: RateLimits
  private readonly directory: DirectoryStore
  private readonly limits: RestLimits

  constructor(counters: RateLimits, directory: DirectoryStore, limits: RestLimits) {
    this.counters = counters
    this.directory = directory
    this.limits = limits
  }

  /** Whoever asks, and whatever for: before anything else is done for it. @throws LimitReached */
  async countAddress(address: string, tally: RequestTally): Promise<void> {
    // Without one, nobody could be told from anybody.
    if (address === '') return
    await this.count('address', this.limits.addressRequestsPerSecond, countedAddress(address), 1, tally)
  }

  /**
   * @param points for how many requests this one counts
   * @param counted how many of its points were counted before
   * @throws LimitReached
   */
  async countCaller({ app, user }: Identity, points: number, tally: RequestTally, counted = 0): Promise<void> {
    const quotas = await quotasOf(this.directory, app)
    if (user !== undefined) {
      const perSecond = quotas?.userRequestsPerSecond ?? this.limits.userRequestsPerSecond
      await this.count('user', perSecond, `${app} ${user}`, points, tally, counted)
    }
    const perSecond = quotas?.requestsPerSecond ?? this.limits.appRequestsPerSecond
    await this.count('app', perSecond, app, points, tally, counted)
  }

  private async count(
    policy: Counted['policy'],
    perSecond: number,
    key: string,
    points: number,
    tally: RequestTally,
    before = 0,
  ): Promise<void> {
    if (perSecond === 0) return
    const limit = ratePerSecond(policy, perSecond)
    // What counts for more than all that one may: the whole window, rather than never.
    const taken = await this.counters.take(limit, key, Math.min(points, limit.points - before))
    const counted: Counted = { policy, limit, taken }
    tally.add(counted)
    if (!taken.allowed) throw new LimitReached(counted)
  }
}
