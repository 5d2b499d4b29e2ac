import { type LogId, type Millis, type Offset, Reader, readRecordHead } from '@chat4all/protocol'
import type { PublishedRecord } from './publication-effects.js'

/** A log that is being published, up to `end`. */
export class LogReading {
  readonly log: LogId
  /** The first entry that is not published as a whole. */
  next: Offset
  /** The first that is not to be published, as far as is known now. */
  end: Offset
  /** The cursors were read since entries were last read. */
  looked = false
  /** Where nothing was found. */
  missing: Offset | undefined
  /** Entries from `next` on. */
  private entries: readonly Uint8Array[] = []
  /** Bytes of the first one that are published. */
  private at = 0

  constructor(log: LogId, next: Offset, end: Offset) {
    this.log = log
    this.next = next
    this.end = end
  }

  get done(): boolean {
    return this.next >= this.end
  }

  get empty(): boolean {
    return this.entries.length === 0
  }

  take(entries: readonly Uint8Array[]): void {
    this.entries = entries.slice(0, this.end - this.next)
    this.at = 0
    this.looked = false
    this.missing = undefined
  }

  /** All below `next` is published, and `at` bytes of the entry there. */
  advance(next: Offset, at = 0): void {
    this.entries = this.entries.slice(next - this.next)
    this.next = next
    this.at = at
  }

  /**
   * The records that come next, up to so many bytes or records, or up to a note that another log has to be published
   * first (`isPublished` says of which that is not so).
   */
  gather(bytesMax: number, recordsMax: number, isPublished: (log: LogId, end: Offset) => boolean): Gathered {
    const records: PublishedRecord[] = []
    let bytes = 0
    let { next, at } = this
    for (const entry of this.entries) {
      const reader = new Reader(entry, at)
      while (!reader.done) {
        if (bytes >= bytesMax || records.length >= recordsMax) return { records, next, at: reader.at, first: undefined }
        at = reader.at
        const head = readRecordHead(reader)
        if (head.type !== 'follows') {
          records.push(head)
          bytes += head.record.length
        } else if (!isPublished(head.log, head.end)) {
          return { records, next, at, first: head }
        }
      }
      next = (next + 1) as Offset
      at = 0
    }
    return { records, next, at, first: undefined }
  }
}

export interface Gathered {
  readonly records: readonly PublishedRecord[]
  /** Where the log is to be gone on with once these are published. */
  readonly next: Offset
  readonly at: number
  /** What has to be published before that. */
  readonly first: { readonly log: LogId; readonly end: Offset } | undefined
}

/** A log that has to be published up to an offset before anything else of the lane. */
export interface Demand {
  readonly log: LogId
  readonly end: Offset
  /** When its publication was last seen to go on; at first, when the demand arose. */
  since: Millis
  /** Where it was then; undefined before the first look. */
  seen: Offset | undefined
  goesOn: boolean
  pollMs: number
}

/** One log after the other; each that has to be published before the one below it stands on it. */
export class PublicationLane {
  readonly readings: LogReading[] = []
  demand: Demand | undefined
  /** Nothing to be tried before; `since` and a span, because clocks are set back. */
  pause: { readonly since: Millis; readonly ms: number } | undefined

  get top(): LogReading | undefined {
    return this.readings.at(-1)
  }
}
