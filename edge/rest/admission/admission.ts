import { hash, timingSafeEqual } from 'node:crypto'
import { Chat4AllError } from '@chat4all/protocol'
import type { Authenticator, Identity } from '../../auth/port.js'
import type { Access } from '../endpoint.js'
import { RateLimiter } from './rate-limiter.js'
import type { RestLimits } from './rest-limits.js'

/** Who asks, by the Authorization header, whether it may ask this, and whether it asks too often. */
export class Admission {
  private readonly authenticator: Authenticator
  private readonly adminToken: string | undefined
  private readonly users: RateLimiter | undefined
  private readonly services: RateLimiter | undefined

  /** @param adminToken what operators send; undefined: nothing is answered to them */
  constructor(authenticator: Authenticator, adminToken: string | undefined, limits: RestLimits, now: () => number) {
    this.authenticator = authenticator
    this.adminToken = adminToken
    this.users = limiter(limits.userRequestsPerSecond, limits.userRequestsBurst, now)
    this.services = limiter(limits.serviceRequestsPerSecond, limits.serviceRequestsBurst, now)
  }

  /** @throws Chat4AllError UNAUTHENTICATED, TOKEN_EXPIRED, FORBIDDEN, NOT_FOUND or RATE_LIMITED. */
  async admit(access: Access, authorization: string | null): Promise<Identity | undefined> {
    if (access === 'public') return undefined
    if (access === 'admin') {
      this.admitAdmin(authorization)
      return undefined
    }
    const identity = await this.authenticator.verify(bearerToken(authorization))
    const wait =
      identity.user === undefined
        ? this.services?.take(identity.app)
        : this.users?.take(`${identity.app} ${identity.user}`)
    if (wait !== undefined && wait > 0) throw new Chat4AllError('RATE_LIMITED', undefined, wait)
    if (access === 'service' && identity.user !== undefined) {
      throw new Chat4AllError('FORBIDDEN', 'This is for the servers of the app: it needs a service token.')
    }
    return identity
  }

  private admitAdmin(authorization: string | null): void {
    if (this.adminToken === undefined) throw new Chat4AllError('NOT_FOUND', 'The admin API is not switched on here.')
    const token = bearerToken(authorization)
    // By hash: of equal length, whatever comes.
    if (!timingSafeEqual(hash('sha256', token, 'buffer'), hash('sha256', this.adminToken, 'buffer'))) {
      throw new Chat4AllError('UNAUTHENTICATED', 'This is not the admin token.')
    }
  }
}

function bearerToken(authorization: string | null): string {
  const token = /^Bearer +([^\s]+)$/i.exec(authorization ?? '')?.[1]
  if (token !== undefined) return token
  throw new Chat4AllError('UNAUTHENTICATED', 'Send the header `Authorization: Bearer` with an access token.')
}

function limiter(perSecond: number, burst: number, now: () => number): RateLimiter | undefined {
  return perSecond === 0 ? undefined : new RateLimiter(perSecond, burst, now)
}
