import type { Chat4AllError } from '@chat4all/protocol'
import type { ConversationEvents } from '../core/events.js'

export type ConnectionState =
  | { readonly status: 'online' }
  | { readonly status: 'connecting' }
  | {
      readonly status: 'offline'
      /** Why, when it was not asked for. */
      readonly reason?: Chat4AllError
      /** When the next attempt starts, milliseconds since 1970. Undefined: there is none until `connect()`. */
      readonly nextAttemptAt?: number
    }

/** What a Client tells, synchronously and in the order in which the server's frames came. */
export interface ClientEvents extends ConversationEvents {
  state: ConnectionState
  /** A fault that belongs to no request: told by the server, or of the storage. */
  error: Error
}
