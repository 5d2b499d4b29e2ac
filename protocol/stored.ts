import type { AppId, ConversationId, Epoch, LogId, Millis, NodeId, Seq, Slot, UserId } from './ids.js'

/** What owners hand to storage and get back from it: rows of the slot table, and changes and contents of the message view. */

export interface SlotRow {
  readonly slot: Slot
  readonly epoch: Epoch
  readonly log: LogId
  readonly node: NodeId
}

export interface SlotMove {
  readonly slot: Slot
  readonly from: { readonly epoch: Epoch; readonly log: LogId } | undefined
  readonly to: { readonly epoch: Epoch; readonly log: LogId; readonly node: NodeId }
}

export interface StoredMessage {
  readonly seq: Seq
  /** The encoded `message` (protocol/schema/parts.ts). */
  readonly bytes: Uint8Array
}

/** What one batch of the log did to one conversation. All fields but `conversation` and `app` are optional; `head` goes with `messages`. */
export interface ConversationChange {
  readonly conversation: ConversationId
  readonly app: AppId
  /** At creation, and again whenever they change. */
  readonly data?: ConversationData
  /** Absolute states, so that applying twice is harmless; an older `version` than the stored one is ignored. */
  readonly members?: readonly StoredMember[]
  /** Absolute values; each field only ever rises. */
  readonly cursors?: readonly StoredCursor[]
  /** New labels; those of an older version than the stored ones are ignored. */
  readonly labels?: StoredLabels
  /** Applied behind everything else of this change. Applying it again changes nothing. */
  readonly erase?: Erasure
  /** When cursors rose, so that who has a message has a time. */
  readonly rises?: readonly StoredRise[]
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

export interface StoredLabels {
  readonly metadata: Readonly<Record<string, string>> | undefined
  /** The seq of the change that put them so. */
  readonly version: Seq
}

/** What was said up to `upto` is erased: all of it, and nobody is a member any more; or only what `user` said. */
export interface Erasure {
  readonly upto: Seq
  readonly user?: UserId
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

/** A member's cursor came to `upto`: what lies between there and where it stood before has been delivered, or read, since. */
export interface StoredRise {
  readonly user: UserId
  readonly kind: 'delivered' | 'read'
  readonly upto: Seq
  readonly time: Millis
}

/** Since when a member has a message; a time is left out while it has not. */
export interface StoredReceipt {
  readonly user: UserId
  readonly delivered?: Millis
  readonly read?: Millis
}

export interface StoredConversation {
  readonly data: ConversationData
  readonly members: readonly StoredMember[]
  readonly cursors: readonly StoredCursor[]
  /** Highest seq; 0 when none. */
  readonly head: Seq
  /** Lowest seq that may still exist; everything below has expired. 1 when nothing was removed. */
  readonly first: Seq
}
