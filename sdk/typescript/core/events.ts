import type { Chat4AllError, ConversationId, MessageId, Millis, Seq, UserId } from '@chat4all/protocol'
import type { ConversationView } from './conversation-view.js'
import type { Erasure, Message } from './message.js'

/** What happens in the conversations of a user. */
export interface ConversationEvents {
  /** Every conversation has been told; what comes now is new. After each connect. */
  ready: { readonly conversations: number }
  /** A conversation appeared, or something in its view changed (also by a message, a receipt, typing, presence). */
  conversation: ConversationView
  /** A new message: each seq once, in order within its conversation. Own messages too, from every device. */
  message: Message
  /** What was told, and what `history` gave, has to be forgotten: `afterErasure` says what a message is from now on. */
  erased: Erasure
  /** A message sent by this client is committed. */
  sent: {
    readonly conversation: ConversationId
    readonly messageId: MessageId
    readonly seq: Seq
    readonly time: Millis
  }
  /** A message sent by this client was refused for good. */
  failed: { readonly conversation: ConversationId; readonly messageId: MessageId; readonly error: Chat4AllError }
  /** A member's cursors moved. */
  receipts: {
    readonly conversation: ConversationId
    readonly user: UserId
    readonly delivered: Seq
    readonly read: Seq
    readonly time: Millis
  }
  typing: { readonly conversation: ConversationId; readonly user: UserId; readonly on: boolean }
  presence: { readonly conversation: ConversationId; readonly user: UserId; readonly online: boolean }
  /** This user is no longer a member; nothing after `upto` follows. */
  removed: { readonly conversation: ConversationId; readonly upto: Seq }
  /** Messages after `after` and before `first` expired before this client could get them. */
  gap: { readonly conversation: ConversationId; readonly after: Seq; readonly first: Seq }
}

export type Emit = <Type extends keyof ConversationEvents>(type: Type, event: ConversationEvents[Type]) => void
