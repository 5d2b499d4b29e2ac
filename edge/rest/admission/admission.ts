import { Chat4AllError } from '@chat4all/protocol'
import type { Authenticator, Identity } from '../../auth/port.js'
import { RateLimiter } from './rate-limiter.js'
import type { RestLimits } from './rest-limits.js'

/** Who asks, by the Authorization header, and whether it asks too often. */
export class Admission {
  private readonly authenticator: Authenticator
  private readonly users: RateLimiter | undefined
  private readonly services: RateLimiter | undefined

  constructor(authenticator: Authenticator, limits: RestLimits, now: () => number) {
    this.authenticator = authenticator
    this.users = limiter(limits.userRequestsPerSecond, limits.userRequestsBurst, now)
    this.services = limiter(limits.serviceRequestsPerSecond, limits.serviceRequestsBurst, now)
  }

  /** @throws Chat4AllError UNAUTHENTICATED, TOKEN_EXPIRED or RATE_LIMITED. */
  async admit(authorization: string | null): Promise<Identity> {
    const token = /^Bearer +([^\s]+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) {
      throw new Chat4AllError('UNAUTHENTICATED', 'Send the header `Authorization: Bearer` with an access token.')
    }
    const identity = await this.authenticator.verify(token)
    const wait =
      identity.user === undefined
        ? this.services?.take(identity.app)
        : this.users?.take(`${identity.app} ${identity.user}`)
    if (wait !== undefined && wait > 0) throw new Chat4AllError('RATE_LIMITED', undefined, wait)
    return identity
  }
}

function limiter(perSecond: number, burst: number, now: () => number): RateLimiter | undefined {
  return perSecond === 0 ? undefined : new RateLimiter(perSecond, burst, now)
}
