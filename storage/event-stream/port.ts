import type { AppId, ConversationId, LogId, Offset } from '@chat4all/protocol'

/**
 * The stream of everything committed, for those who act on it: connectors, webhooks, search. At least once, and in
 * order per conversation: a consumer that drops what has a seq at or below the last it saw sees each message once.
 */
export interface EventStream {
  /**
   * Publishes in the order given. Resolves when the stream has all of them on stable storage; rejects with an unknown
   * outcome, and the caller publishes all of them again. One call at a time.
   */
  publish(events: readonly StreamEvent[]): Promise<void>
  close(): Promise<void>
}

/** One record of a conversation, as it stands in a node log. Its head is read; the rest is left encoded. */
export interface StreamEvent {
  /**
   * What the record is: `created` (a conversation came into being), `messages` (consecutive messages, changes of
   * membership among them), `cursors` (members' delivered and read cursors, absolute values).
   */
  readonly kind: StreamEventKind
  readonly app: AppId
  /** Events of one conversation keep their order. */
  readonly conversation: ConversationId
  /** One encoded `logRecord` (protocol/schema/log-records.ts): `logRecord.read(new Reader(record))` decodes it. */
  readonly record: Uint8Array
}

export type StreamEventKind = 'created' | 'messages' | 'cursors'

/** Where the stream is read. */
export interface EventSource {
  /**
   * Calls `onEvents` with events in order, from where this group has got; the group has got past them once the promise
   * resolves. When it rejects, the same events come again, after a while that grows up to half a minute; so they do
   * after a restart. Calls for events of different conversations may overlap; for one conversation they never do.
   *
   * Several that follow as one group share its events: all of a conversation go to one of them, until one comes or goes.
   * Different groups each get everything.
   */
  follow(
    group: string,
    onEvents: (events: readonly StreamEvent[]) => Promise<void>,
    options?: FollowOptions,
  ): Promise<Following>
  /**
   * Forgets the place of a group, as if it had never followed: nothing is kept for it any more. For a group that nobody
   * needs; whoever follows it again begins as a new one. A group that others follow is left to them.
   */
  forget(group: string): Promise<void>
  close(): Promise<void>
}

export interface FollowOptions {
  /** Where a group begins that never followed before: with all that the stream still has (default), or with what comes. */
  readonly startAt?: 'oldest' | 'newest'
}

export interface Following {
  /** Resolves when `onEvents` is not running any more and is not called again. The group keeps its place. */
  stop(): Promise<void>
}

/**
 * The event stream of a process without Kafka: groups that read the node logs themselves. A shard-node is given it,
 * and publishes to each group what its log holds.
 */
export interface EventGroups {
  /** Tells of each group, of those there now at once. Returns how to stop hearing. */
  watch(onGroup: (group: EventGroup) => void): () => void
}

export interface EventGroup {
  readonly name: string
  /** True once it was forgotten, or given up because it did not follow: nothing is kept for it any more. */
  readonly dropped: boolean
  /**
   * Resolves when consumers of the group have taken all of them; waits while there are none. Shard-nodes of one process
   * may call it at the same time; a shard-node makes one call at a time.
   */
  publish(events: readonly StreamEvent[]): Promise<void>
  /** How far the group has got. */
  cursor(log: LogId): Offset
  /** Resolves when it is durable. */
  saveCursor(log: LogId, cursor: Offset): Promise<void>
  /** Told now and then how many bytes a log keeps for this group alone or with others; it may be dropped for that. */
  keeps(log: LogId, bytes: number): void
}
