import { Chat4AllError } from '@chat4all/protocol'
import type { Identity } from '../../auth/port.js'

/** What concerns one user is for that user, and for the app's servers. @throws Chat4AllError FORBIDDEN */
export function ownOrService(identity: Identity, user: string): void {
  if (identity.user === undefined || identity.user === user) return
  throw new Chat4AllError('FORBIDDEN', `The token is one of ${identity.user} and does not speak for ${user}.`)
}
