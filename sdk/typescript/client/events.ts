import type { Chat4AllError } from '@chat4all/protocol'
import type { ConversationView } from '../core/conversation-view.js'
import type { Message } from '../core/message.js'

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

/** What a Client tells. All are called synchronously, in the order in which the server's frames came. */
export interface ClientEvents {
  state: ConnectionState
  /** Every conversation has been told; what comes now is new. After each connect. */
  ready: { readonly conversations: number }
  /** A conversation appeared, or something in its view changed (also by a message, a receipt, typing, presence). */
  conversation: ConversationView
  /** A new message: each seq once, in order within its conversation. Own messages too, from every device. */
  message: Message
  /** A message sent by this client is committed. */
  sent: { readonly conversation: string; readonly messageId: string; readonly seq: number; readonly time: number }
  /** A message sent by this client was refused for good. */
  failed: { readonly conversation: string; readonly messageId: string; readonly error: Chat4AllError }
  /** A member's cursors moved. */
  receipts: {
    readonly conversation: string
    readonly user: string
    readonly delivered: number
    readonly read: number
    readonly time: number
  }
  typing: { readonly conversation: string; readonly user: string; readonly on: boolean }
  presence: { readonly conversation: string; readonly user: string; readonly online: boolean }
  /** This user is no longer a member; nothing after `upto` follows. */
  removed: { readonly conversation: string; readonly upto: number }
  /** Messages after `after` and before `first` expired before this client could get them. */
  gap: { readonly conversation: string; readonly after: number; readonly first: number }
  /** A fault that belongs to no request: told by the server, or of the storage. */
  error: Error
}
