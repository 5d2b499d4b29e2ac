import type { LogId, Offset } from '@chat4all/protocol'

/**
 * Node logs: the truth of which everything else is a view (design §3, §4). A log belongs to one incarnation of a
 * shard-node; its entries are written once each, at offsets 0, 1, 2 …; a log that is sealed never grows again, and
 * where it ends is decided once.
 *
 * Every method may reject. A rejected write has an unknown outcome: it may have happened, or may still happen.
 * The caller writes the same bytes at the same offset again; it never skips and never reuses an offset.
 */
export interface NodeLogs {
  /** Makes the log exist and not sealed. A log never opened counts as sealed. */
  open(log: LogId): Promise<void>

  /** Resolves when the entry is on stable storage (embedded: fdatasync; cluster: quorum). Idempotent for equal bytes. */
  append(log: LogId, offset: Offset, entry: Uint8Array): Promise<void>

  /**
   * Whether the log is sealed, read at quorum and never from a cache. Its answer covers exactly those appends that
   * had resolved before the call.
   */
  isSealed(log: LogId): Promise<boolean>

  /** After it resolves, every `isSealed` that begins later answers true. Irrevocable. */
  seal(log: LogId): Promise<void>

  /** Entries from `from` on, in order, up to the first hole or `limit`. Fewer than `limit`: there is a hole behind them. */
  read(log: LogId, from: Offset, limit: number): Promise<Uint8Array[]>

  /** Puts an entry that was read back onto a quorum, so that no later reader misses it. */
  writeBack(log: LogId, offset: Offset, entry: Uint8Array): Promise<void>

  /** Proposes the log's end (first offset that does not exist). The first proposal wins; returns the one that won. */
  decideEnd(log: LogId, end: Offset): Promise<Offset>

  /** Where the log ends, if that is decided and known; what is answered is decided, and a decision may be known late. */
  endOf(log: LogId): Promise<Offset | undefined>

  /** How far the views have got: every entry below is in the view. 0 when never saved. */
  cursors(log: LogId): Promise<LogCursors>

  /** Never lowers a cursor. The caller saves one only after the view's own writes are durable. */
  saveCursor(log: LogId, view: keyof LogCursors, cursor: Offset): Promise<void>

  /**
   * Entries below `below` may be dropped. The caller has a durable cursor of every view at or above it. When that is the
   * end, and the caller has decided the end or asked for it (`endOf`), nothing but the end and the cursors stays.
   */
  dropBelow(log: LogId, below: Offset): Promise<void>

  /** Logs known here that were not dropped whole: what a starting node has to recover. */
  list(): Promise<LogId[]>

  close(): Promise<void>
}

export interface LogCursors {
  readonly materialised: Offset
  readonly published: Offset
}

/** A record that is damaged where it cannot be a torn tail: reported with its place, never skipped. */
export class CorruptLogError extends Error {
  /** Nothing can be served from here until an operator has looked: the process must end. */
  readonly fatal = true
  readonly file: string
  readonly position: number

  constructor(file: string, position: number, what: string) {
    super(`${file} is damaged at byte ${position}: ${what}`)
    this.name = 'CorruptLogError'
    this.file = file
    this.position = position
  }
}

/**
 * A log that takes no appends any more: a write or its sync failed, so nobody knows what the disk holds beyond what was
 * acknowledged. It stays so until the process starts again; what was acknowledged stays readable.
 */
export class LogFailedError extends Error {
  /** Asking again cannot help: the process must end. */
  readonly fatal = true
  readonly log: LogId

  constructor(log: LogId, cause: Error) {
    super(`log ${log} takes no more entries: ${cause.message}`, { cause })
    this.name = 'LogFailedError'
    this.log = log
  }
}
