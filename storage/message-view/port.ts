import type {
  AppId,
  ConversationChange,
  ConversationId,
  Millis,
  Seq,
  StoredConversation,
  StoredMessage,
  StoredReceipt,
  UserId,
} from '@chat4all/protocol'

/**
 * The view of the logs by conversation: history, members, cursors, message_ids, and the conversations of a user.
 * Fed only with committed entries, idempotent: applying a change again, or an older one late, changes nothing.
 */
export interface MessageView {
  /** Applies changes of many conversations. Resolves when durable enough that the log may be dropped below them. */
  apply(changes: readonly ConversationChange[]): Promise<void>

  /** Everything but messages. Undefined: no such conversation. */
  load(conversation: ConversationId): Promise<StoredConversation | undefined>

  /**
   * Messages with after < seq < before, not expired at `now`, at most `limit`: the lowest when `newestFirst` is false,
   * else the highest; always returned in ascending order.
   */
  messages(conversation: ConversationId, range: MessageRange): Promise<StoredMessage[]>

  /** The seq of a message_id (16 bytes), however old. */
  find(conversation: ConversationId, messageId: Uint8Array): Promise<Seq | undefined>

  /** Since when each of these users has the message at `seq`: one for each of them, in their order. */
  receipts(conversation: ConversationId, seq: Seq, users: readonly UserId[]): Promise<StoredReceipt[]>

  /** Conversations in which a user is a member, or with `left` also those in which it ever was; in no particular order. */
  conversationsOf(app: AppId, user: UserId, left?: boolean): Promise<ConversationId[]>

  /** Deletes messages that expired before `now`, at most `limit` batches; returns how many batches went. */
  sweep(now: Millis, limit: number): Promise<number>

  close(): Promise<void>
}

export interface MessageRange {
  readonly after: Seq
  readonly before: Seq
  readonly limit: number
  readonly newestFirst: boolean
  readonly now: Millis
}

export type {
  ConversationChange,
  ConversationData,
  Erasure,
  MessageBatch,
  StoredConversation,
  StoredCursor,
  StoredLabels,
  StoredMember,
  StoredMessage,
  StoredReceipt,
  StoredRise,
} from '@chat4all/protocol'
