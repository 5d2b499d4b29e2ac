import type { LogId, Offset } from '@chat4all/protocol'
import type { EventGroup, EventStream, NodeLogs, StreamEvent } from '@chat4all/storage'
import { PUBLICATION_DEFAULTS, type PublishedRecord } from '../core/index.js'

/** Where a log is published to, and how far that has got. */
export interface PublicationOutlet {
  readonly name: string
  /** Whether other processes publish there too, and may have to wait for this one. */
  readonly others: boolean
  /** How long records are gathered for one publish (PublicationConfig). */
  readonly gatherMs: number
  /** Nothing is to be published there any more, and nothing kept for it. */
  readonly gone: boolean
  publish(records: readonly PublishedRecord[]): Promise<void>
  cursor(log: LogId): Promise<Offset>
  saveCursor(log: LogId, cursor: Offset): Promise<void>
  /** Told of the bytes of a log that are kept because they are not published. */
  keeps(log: LogId, bytes: number): void
}

/** Kafka: one cursor per log, kept with the log. */
export function streamOutlet(stream: EventStream, logs: NodeLogs): PublicationOutlet {
  return {
    name: 'event stream',
    others: true,
    gatherMs: PUBLICATION_DEFAULTS.gatherMs,
    gone: false,
    publish: (records) => stream.publish(records.map(eventOf)),
    cursor: async (log) => (await logs.cursors(log)).published,
    saveCursor: (log, cursor) => logs.saveCursor(log, 'published', cursor),
    // What a stream of its own lacks is kept for as long as it takes.
    keeps() {},
  }
}

/** A group of this process, with cursors of its own. */
export function groupOutlet(group: EventGroup): PublicationOutlet {
  return {
    name: group.name,
    others: false,
    gatherMs: 0,
    get gone() {
      return group.dropped
    },
    publish: (records) => group.publish(records.map(eventOf)),
    cursor: async (log) => group.cursor(log),
    saveCursor: (log, cursor) => group.saveCursor(log, cursor),
    keeps: (log, bytes) => group.keeps(log, bytes),
  }
}

function eventOf({ type, app, conversation, record }: PublishedRecord): StreamEvent {
  return { kind: type, app, conversation, record }
}
