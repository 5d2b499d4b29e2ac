import type { ConversationId, MessageId, Millis, Payload, Seq, StoredPayload, UserId } from '@chat4all/protocol'

/** A committed message, as every member sees it. */
export interface Message {
  readonly conversation: ConversationId
  readonly seq: Seq
  /** UUIDv4: under it the message is deduplicated, everywhere and for ever. */
  readonly messageId: MessageId
  readonly from: UserId
  /** True for what this user sent, from whichever device. */
  readonly own: boolean
  /** When it was committed, milliseconds since 1970. */
  readonly time: Millis
  readonly payload: StoredPayload
  /** When it ceases to exist, milliseconds since 1970. */
  readonly expires?: Millis
  readonly to?: readonly string[]
  readonly channels?: readonly string[]
  readonly metadata?: Readonly<Record<string, string>>
  /** W3C traceparent of whoever sent it. */
  readonly trace?: string
}

/** What was said in a conversation up to a seq is erased: what one user said, or everything. */
export interface Erasure {
  readonly conversation: ConversationId
  /** Whose messages; undefined: those of all. */
  readonly user: UserId | undefined
  readonly upto: Seq
}

/** What may be sent: a plain string is a text. */
export type Content = string | Payload

export interface SendOptions {
  /** Name the message yourself, to repeat it safely from elsewhere. A new UUIDv4 otherwise. */
  readonly messageId?: string
  /** Seconds until the message expires. */
  readonly ttl?: number
  /** Users that it is for, where not all members. Read by connectors. */
  readonly to?: readonly string[]
  /** External channels to deliver it on, or `['all']`. Read by connectors. */
  readonly channels?: readonly string[]
  /** Labels, kept and returned. */
  readonly metadata?: Readonly<Record<string, string>>
  /** W3C traceparent to continue. */
  readonly trace?: string
}

/** What a message, or a change of members, was committed as. */
export interface Committed {
  readonly seq: Seq
  readonly time: Millis
}

/** `queued`: not sent yet. `sending`: sent, unanswered. `sent`: committed. `failed`: refused for good. */
export type SendingStatus = 'queued' | 'sending' | 'sent' | 'failed'

/** A message on its way out. */
export interface Sending {
  readonly conversation: ConversationId
  readonly messageId: MessageId
  readonly payload: Payload
  /** When `send` was called, milliseconds since 1970. */
  readonly createdAt: number
  readonly status: SendingStatus
  /** Resolves when the message is committed; rejects with a Chat4AllError when it is refused for good. */
  readonly result: Promise<Committed>
}

/**
 * How far a message got. `sending` (also while offline), `failed` and `sent` as in {@link Sending};
 * `delivered` and `read`: by **every** other member. The counts say "3 of 7" where that is wanted. Groups over 100
 * members do not list them: there it stays `sent`, and the counts are undefined.
 */
export interface MessageStatus {
  readonly state: 'sending' | 'failed' | 'sent' | 'delivered' | 'read'
  readonly deliveredTo: number | undefined
  readonly readBy: number | undefined
  /** Members besides the author. */
  readonly others: number
}

/** Messages in order, oldest first: all that exist in (after, upto]. */
export interface HistoryPage {
  readonly conversation: ConversationId
  readonly messages: readonly Message[]
  readonly after: Seq
  readonly upto: Seq
  /** Lowest seq that may still exist: what lies before has expired. */
  readonly first: Seq
  /** Highest seq of the conversation. */
  readonly head: Seq
}

/** A page upwards from `since` (exclusive), else downwards from `before` (exclusive), else the newest. */
export interface HistoryQuery {
  readonly since?: number
  readonly before?: number
  /** 1 to 500; 50 unless given. */
  readonly limit?: number
}
