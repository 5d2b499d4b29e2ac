import type { ConversationId } from '@chat4all/protocol'

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

export interface StreamEvent {
  /** Events of one conversation keep their order. */
  readonly conversation: ConversationId
  /** One encoded `logRecord` (protocol/schema/log-records.ts). */
  readonly record: Uint8Array
}

/** Where the stream is read. */
export interface EventSource {
  /**
   * Calls `onEvents` with the events of one partition in order, from where this group has got; the group has got past
   * them once the promise resolves. After a rejection, or a restart, they come again.
   */
  follow(group: string, onEvents: (events: readonly StreamEvent[]) => Promise<void>): Promise<Following>
  close(): Promise<void>
}

export interface Following {
  stop(): Promise<void>
}
