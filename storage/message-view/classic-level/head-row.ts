import type { Seq } from '@chat4all/protocol'

/**
 * What each batch changes of a conversation, small on purpose: it is written again with each.
 * Its message_ids lie, by seq, oldest first: archived (0, archived], long pages (archived, long], short pages
 * (long, short], and the newest in `tail` (short, head]. See message-ids.ts.
 */
export interface Head {
  /** Highest seq; 0 when none. */
  readonly head: Seq
  /** Lowest seq that may still exist. */
  readonly first: Seq
  readonly archived: Seq
  readonly long: Seq
  readonly short: Seq
  readonly longPages: number
  readonly shortPages: number
  readonly tail: Buffer
  /** Messages with a time to live were among them, so that batches may be missing for a good reason. */
  readonly expiring: boolean
}

const zero = 0 as Seq

export const NEW_HEAD: Head = {
  head: zero,
  first: 1 as Seq,
  archived: zero,
  long: zero,
  short: zero,
  longPages: 0,
  shortPages: 0,
  tail: Buffer.alloc(0),
  expiring: false,
}

const SEQ_BYTES = 6
const SEQS = 5
const TAIL_AT = SEQS * SEQ_BYTES + 3

/** The row of a head: five seqs, two counts, a flag, the tail. */
export function encodeHead(head: Head): Buffer {
  const row = Buffer.allocUnsafe(TAIL_AT + head.tail.length)
  let at = row.writeUIntLE(head.head, 0, SEQ_BYTES)
  at = row.writeUIntLE(head.first, at, SEQ_BYTES)
  at = row.writeUIntLE(head.archived, at, SEQ_BYTES)
  at = row.writeUIntLE(head.long, at, SEQ_BYTES)
  at = row.writeUIntLE(head.short, at, SEQ_BYTES)
  row[at] = head.longPages
  row[at + 1] = head.shortPages
  row[at + 2] = head.expiring ? 1 : 0
  row.set(head.tail, TAIL_AT)
  return row
}

export function decodeHead(row: Buffer): Head {
  const seqAt = (index: number) => row.readUIntLE(index * SEQ_BYTES, SEQ_BYTES) as Seq
  return {
    head: seqAt(0),
    first: seqAt(1),
    archived: seqAt(2),
    long: seqAt(3),
    short: seqAt(4),
    longPages: row[SEQS * SEQ_BYTES]!,
    shortPages: row[SEQS * SEQ_BYTES + 1]!,
    expiring: row[SEQS * SEQ_BYTES + 2] === 1,
    tail: row.subarray(TAIL_AT),
  }
}
