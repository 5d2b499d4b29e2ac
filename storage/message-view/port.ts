import type { AppId, ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'

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

  /** Conversations of a user in which it is a member now, in no particular order. */
  conversationsOf(app: AppId, user: UserId): Promise<ConversationId[]>

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

export interface StoredMessage {
  readonly seq: Seq
  /** The encoded `message` (protocol/schema/parts.ts). */
  readonly bytes: Uint8Array
}

/** What one batch of the log did to one conversation. All fields but `conversation` are optional; `head` goes with `messages`. */
export interface ConversationChange {
  readonly conversation: ConversationId
  /** At creation, and again whenever they change. */
  readonly data?: ConversationData
  /** Absolute states, so that applying twice is harmless; an older `version` than the stored one is ignored. */
  readonly members?: readonly StoredMember[]
  /** Absolute values; each field only ever rises. */
  readonly cursors?: readonly StoredCursor[]
  readonly messages?: MessageBatch
}

/** Consecutive messages of one conversation. */
export interface MessageBatch {
  readonly firstSeq: Seq
  readonly lastSeq: Seq
  /** The encoded messages, one behind the other, in order. */
  readonly bytes: Uint8Array
  /** Length of each message, bytes. */
  readonly lengths: readonly number[]
  /** Their message_ids, 16 bytes each. */
  readonly messageIds: Uint8Array
  /** When each expires; 0: never. Undefined: none does. */
  readonly expires?: readonly Millis[]
}

export interface ConversationData {
  readonly app: AppId
  readonly type: 'private' | 'group'
  readonly created: Millis
  readonly metadata: Readonly<Record<string, string>> | undefined
  /** Seconds that messages live unless they say otherwise. */
  readonly ttl: number | undefined
}

export interface StoredMember {
  readonly user: UserId
  readonly role: 'member' | 'admin'
  readonly present: boolean
  /** The seq of the change that put it so (0 at creation): orders changes of one member. */
  readonly version: Seq
}

export interface StoredCursor {
  readonly user: UserId
  readonly delivered: Seq
  readonly read: Seq
}

export interface StoredConversation {
  readonly data: ConversationData
  readonly members: StoredMember[]
  readonly cursors: StoredCursor[]
  /** Highest seq; 0 when none. */
  readonly head: Seq
  /** Lowest seq that may still exist; everything below has expired. 1 when nothing was removed. */
  readonly first: Seq
}
