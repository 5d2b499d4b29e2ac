import type { AppId } from '@chat4all/protocol'
import type { DirectoryStore, RateLimits } from '@chat4all/storage'
import { quotasOf } from './app-quotas.js'
import type { Portion, Sender } from './core/index.js'
import { ratePerSecond } from './rate-window.js'

export interface SendLimitsOptions {
  /** Where all edges count. */
  readonly counters: RateLimits
  readonly directory: DirectoryStore
  /** Sends per second of one user over all its sessions; 0: no bound. */
  readonly userPerSecond: number
  /** Sends per second of all users of one app; 0: no bound. */
  readonly appPerSecond: number
}

/** Whom nobody counts: asked again after so long, as an operator may have set a quota. */
const UNCOUNTED_MS = 10_000

/** Gives out portions of what users and apps may send over sessions. */
export class SendLimits {
  private readonly options: SendLimitsOptions

  constructor(options: SendLimitsOptions) {
    this.options = options
  }

  /** Takes up to so many points. Never rejects. */
  async portion({ kind, key }: Sender, points: number): Promise<Portion> {
    const perSecond = await this.perSecondOf(kind, key)
    if (perSecond === 0) return { perSecond: undefined, granted: points, resetMs: UNCOUNTED_MS }
    const limit = ratePerSecond(`${kind}-sends`, perSecond)
    const { counters } = this.options
    let asked = Math.min(points, limit.points)
    let taken = await counters.take(limit, key, asked)
    if (!taken.allowed && taken.remaining > 0) {
      asked = Math.min(asked, taken.remaining)
      taken = await counters.take(limit, key, asked)
    }
    return { perSecond, granted: taken.allowed ? asked : 0, resetMs: taken.resetMs }
  }

  private async perSecondOf(kind: Sender['kind'], key: string): Promise<number> {
    const { directory, userPerSecond, appPerSecond } = this.options
    const quotas = await quotasOf(directory, key.split(' ', 1)[0] as AppId)
    return kind === 'user' ? (quotas?.userSendsPerSecond ?? userPerSecond) : (quotas?.sendsPerSecond ?? appPerSecond)
  }
}
