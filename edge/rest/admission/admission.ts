import { Chat4AllError } from '@chat4all/protocol'
import type { DirectoryStore } from '@chat4all/storage'
import type { Authenticator, Identity } from '../../auth/port.js'
import { sameSecret } from '../../auth/same-secret.js'
import type { Access } from '../endpoint.js'
import { type Rate, RateLimiter } from './rate-limiter.js'
import type { RestLimits } from './rest-limits.js'

/** Who asks, by the Authorization header, whether it may ask this, and whether it asks too often. */
export class Admission {
  private readonly authenticator: Authenticator
  private readonly adminToken: string | undefined
  private readonly directory: DirectoryStore
  private readonly limits: RestLimits
  private readonly limiter: RateLimiter

  /** @param adminToken what operators send; undefined: nothing is answered to them */
  constructor(
    authenticator: Authenticator,
    directory: DirectoryStore,
    adminToken: string | undefined,
    limits: RestLimits,
    now: () => number,
  ) {
    this.authenticator = authenticator
    this.directory = directory
    this.adminToken = adminToken
    this.limits = limits
    this.limiter = new RateLimiter(now)
  }

  /** @throws Chat4AllError UNAUTHENTICATED, TOKEN_EXPIRED, FORBIDDEN, NOT_FOUND or RATE_LIMITED. */
  async admit(access: Access, authorization: string | null): Promise<Identity | undefined> {
    if (access === 'public') return undefined
    if (access === 'admin') {
      this.admitAdmin(authorization)
      return undefined
    }
    const identity = await this.authenticator.verify(bearerToken(authorization))
    const key = identity.user === undefined ? identity.app : `${identity.app} ${identity.user}`
    const wait = this.limiter.take(key, await this.rateOf(identity))
    if (wait > 0) throw new Chat4AllError('RATE_LIMITED', undefined, wait)
    if (access === 'service' && identity.user !== undefined) {
      throw new Chat4AllError('FORBIDDEN', 'This is for the servers of the app: it needs a service token.')
    }
    return identity
  }

  /** What the app's quotas say, else the server's own limits. */
  private async rateOf({ app, user }: Identity): Promise<Rate> {
    // A directory that does not answer lifts no limit: the server's own are there still.
    const quotas = (await this.directory.app(app).catch(() => undefined))?.quotas
    const quota = user === undefined ? quotas?.requestsPerSecond : quotas?.userRequestsPerSecond
    if (quota !== undefined) return { perSecond: quota, burst: 2 * quota }
    const { limits } = this
    return user === undefined
      ? { perSecond: limits.serviceRequestsPerSecond, burst: limits.serviceRequestsBurst }
      : { perSecond: limits.userRequestsPerSecond, burst: limits.userRequestsBurst }
  }

  private admitAdmin(authorization: string | null): void {
    if (this.adminToken === undefined) throw new Chat4AllError('NOT_FOUND', 'The admin API is not switched on here.')
    const token = bearerToken(authorization)
    if (!sameSecret(token, this.adminToken)) {
      throw new Chat4AllError('UNAUTHENTICATED', 'This is not the admin token.')
    }
  }
}

function bearerToken(authorization: string | null): string {
  const token = /^Bearer +([^\s]+)$/i.exec(authorization ?? '')?.[1]
  if (token !== undefined) return token
  throw new Chat4AllError('UNAUTHENTICATED', 'Send the header `Authorization: Bearer` with an access token.')
}
