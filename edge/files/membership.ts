import { Chat4AllError } from '@chat4all/protocol'
import type { Requests } from '../requests.js'
import type { FileContext } from './file-context.js'

/** Asks the owner of the conversation; one that does not answer is an error, not a no. */
export function membershipOf(requests: Pick<Requests, 'inspect'>): FileContext['isMember'] {
  return async (app, conversation, user) => {
    try {
      await requests.inspect({ t: 'inspect', app, conversation, user })
      return true
    } catch (error) {
      if (error instanceof Chat4AllError && (error.code === 'NOT_FOUND' || error.code === 'FORBIDDEN')) return false
      throw error
    }
  }
}
