import { Chat4AllError, type UserId } from '@chat4all/protocol'
import type { Identity } from '../../auth/port.js'
import { InvalidRequest } from '../http/invalid-request.js'

/**
 * For which user a request acts. A user token acts for its own user, named or not; a service token acts for every
 * user of its app, so it has to say for which.
 * @throws Chat4AllError FORBIDDEN, or InvalidRequest.
 */
export function actingUser(identity: Identity, named: string | undefined, field: string): UserId {
  if (identity.user !== undefined) {
    if (named === undefined || named === identity.user) return identity.user
    throw new Chat4AllError('FORBIDDEN', `The token is one of ${identity.user} and does not speak for ${named}.`)
  }
  if (named !== undefined) return named as UserId
  throw new InvalidRequest([{ path: field, message: 'A service token must say for which user it acts.' }])
}
