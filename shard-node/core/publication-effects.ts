import type { LogId, Offset, RecordHead } from '@chat4all/protocol'

/** A record of a conversation, to be published. */
export type PublishedRecord = Exclude<RecordHead, { readonly type: 'follows' }>

/**
 * What a publication asks of its driver. `read-log`, `read-cursors` and `publish` have the number `op`, by which the
 * driver tells their outcome; there is never more than one of them under way.
 */
export type PublicationEffect =
  /** Entries that are committed, from `from` on: at least one, when it is there, and at most `limit` → entriesRead | failed. */
  | {
      readonly type: 'read-log'
      readonly op: number
      readonly log: LogId
      readonly from: Offset
      readonly limit: number
    }
  /** → cursorsRead | failed. */
  | { readonly type: 'read-cursors'; readonly op: number; readonly log: LogId }
  /** In this order, after all that was published before → published | failed (unknown outcome). */
  | { readonly type: 'publish'; readonly op: number; readonly records: readonly PublishedRecord[] }
  /** → cursorSaved | cursorNotSaved. */
  | { readonly type: 'save-published'; readonly log: LogId; readonly cursor: Offset }
  /** These entries were dropped before anybody wanted them published. For logs; nothing to carry out. */
  | { readonly type: 'skipped'; readonly log: LogId; readonly from: Offset; readonly to: Offset }

/** Outcome of `read-cursors`. */
export interface PublicationCursors {
  readonly published: Offset
  readonly materialised: Offset
  /** Nobody seems to write to the log any more. A hint: whoever waits for its publisher waits less long. */
  readonly ended: boolean
}
