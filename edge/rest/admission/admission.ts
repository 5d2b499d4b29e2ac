import { Chat4AllError } from '@chat4all/protocol'
import type { Authenticator, Identity } from '../../auth/port.js'
import { sameSecret } from '../../auth/same-secret.js'
import type { Access } from '../endpoint.js'
import type { RequestLimits } from './request-limits.js'
import type { RequestTally } from './request-tally.js'

/** Who asks, by the Authorization header, whether it may ask this, and whether it asks too often. */
export class Admission {
  private readonly authenticator: Authenticator
  private readonly adminToken: string | undefined
  private readonly limits: RequestLimits

  /** @param adminToken what operators send; undefined: nothing is answered to them */
  constructor(authenticator: Authenticator, adminToken: string | undefined, limits: RequestLimits) {
    this.authenticator = authenticator
    this.adminToken = adminToken
    this.limits = limits
  }

  /** @throws Chat4AllError UNAUTHENTICATED, TOKEN_EXPIRED, FORBIDDEN, NOT_FOUND or RATE_LIMITED. */
  async admit(access: Access, authorization: string | null, tally: RequestTally): Promise<Identity | undefined> {
    if (access === 'public') return undefined
    if (access === 'admin') {
      this.admitAdmin(authorization)
      return undefined
    }
    const identity = await this.authenticator.verify(bearerToken(authorization))
    await this.limits.countCaller(identity, 1, tally)
    if (access === 'service' && identity.user !== undefined) {
      throw new Chat4AllError('FORBIDDEN', 'This is for the servers of the app: it needs a service token.')
    }
    return identity
  }

  /** Counts a request for more than the one that it was admitted for. @throws LimitReached */
  async charge(identity: Identity | undefined, points: number, tally: RequestTally): Promise<void> {
    if (identity !== undefined && points > 0) await this.limits.countCaller(identity, points, tally, 1)
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
