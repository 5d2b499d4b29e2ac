import { crc32 } from 'node:zlib'
import type { Millis, Seq } from '@chat4all/protocol'
import { DamagedFileError } from '../file-system/damaged-file-error.js'
import type { MessageBatch, StoredMessage } from './port.js'

/**
 * A batch of consecutive messages of one conversation as one row, in both adapters. Numbers are little endian.
 *
 *     0  checksum of all behind it (u32)           4  1 when messages have expiries, else 0
 *     5  count (u32)                               9  count lengths (u32)
 *     …  count expiries (f64, 0: never), if any    …  the messages, one behind the other
 *
 * When segments of the log were dropped, this is the only copy of their messages, and LevelDB looks at its own checksums
 * only when it merges files, Cassandra only at those of blocks that it compressed: without one of ours, a damaged disk
 * would change what people said, and nobody would know.
 */

const FLAGS_AT = 4
const COUNT_AT = 5
const HEADER_BYTES = 9
const LENGTH_BYTES = 4
const EXPIRY_BYTES = 8

/**
 * The row of what a batch holds from `firstSeq` to `lastSeq`. It is good until the next call: memory for each row anew
 * would keep the garbage collector busier than all else that the embedded view does.
 */
export function encodeBatch(batch: MessageBatch, firstSeq: Seq, lastSeq: Seq = batch.lastSeq): Buffer {
  const from = firstSeq - batch.firstSeq
  const to = lastSeq + 1 - batch.firstSeq
  const whole = from === 0 && to === batch.lengths.length
  const lengths = whole ? batch.lengths : batch.lengths.slice(from, to)
  const expires = whole ? batch.expires : batch.expires?.slice(from, to)
  const bytes = whole ? batch.bytes : bytesOf(batch, from, to)
  const expire = expires?.some((time) => time !== 0) === true
  const messagesAt = HEADER_BYTES + lengths.length * (LENGTH_BYTES + (expire ? EXPIRY_BYTES : 0))
  const row = scratchOf(messagesAt + bytes.length)
  row[FLAGS_AT] = expire ? 1 : 0
  row.writeUInt32LE(lengths.length, COUNT_AT)
  let at = HEADER_BYTES
  for (const length of lengths) at = row.writeUInt32LE(length, at)
  if (expire) for (const time of expires) at = row.writeDoubleLE(time, at)
  row.set(bytes, messagesAt)
  row.writeUInt32LE(checksum(firstSeq, row), 0)
  return row
}

function bytesOf({ bytes, lengths }: MessageBatch, from: number, to: number): Uint8Array {
  let begin = 0
  for (let i = 0; i < from; i++) begin += lengths[i]!
  let end = begin
  for (let i = from; i < to; i++) end += lengths[i]!
  return bytes.subarray(begin, end)
}

/** Begins with the seq, so that a row under the key of another is found out too. */
function checksum(firstSeq: Seq, row: Buffer): number {
  return crc32(row.subarray(FLAGS_AT), firstSeq % 2 ** 32)
}

const SCRATCH_BYTES_MAX = 1024 * 1024
let scratch = Buffer.alloc(0)

function scratchOf(bytes: number): Buffer {
  if (bytes > SCRATCH_BYTES_MAX) return Buffer.allocUnsafe(bytes)
  if (bytes > scratch.length) scratch = Buffer.allocUnsafeSlow(Math.min(SCRATCH_BYTES_MAX, bytes * 2))
  return scratch.subarray(0, bytes)
}

/**
 * Reads a batch row. Messages are views of the row's bytes.
 * @throws DamagedFileError
 */
export class BatchRow {
  readonly first: Seq
  readonly count: number
  private readonly row: Buffer
  private readonly expire: boolean

  constructor(first: Seq, row: Buffer) {
    if (row.length < HEADER_BYTES || row.readUInt32LE(0) !== checksum(first, row)) {
      throw new DamagedFileError('the message view', `the batch from seq ${first} on does not match its checksum`)
    }
    this.first = first
    this.row = row
    this.expire = row[FLAGS_AT] === 1
    this.count = row.readUInt32LE(COUNT_AT)
  }

  /** When a message expires; 0: never. */
  expiry(index: number): Millis {
    if (!this.expire) return 0 as Millis
    return this.row.readDoubleLE(HEADER_BYTES + this.count * LENGTH_BYTES + index * EXPIRY_BYTES) as Millis
  }

  isExpired(index: number, now: Millis): boolean {
    const time = this.expiry(index)
    return time !== 0 && time <= now
  }

  /** Messages with after < seq < before that have not expired, in order. */
  messages(after: Seq, before: Seq, now: Millis): StoredMessage[] {
    const messages: StoredMessage[] = []
    let start = HEADER_BYTES + this.count * (LENGTH_BYTES + (this.expire ? EXPIRY_BYTES : 0))
    for (let i = 0; i < this.count; i++) {
      const end = start + this.row.readUInt32LE(HEADER_BYTES + i * LENGTH_BYTES)
      const seq = (this.first + i) as Seq
      if (seq >= before) break
      if (seq > after && !this.isExpired(i, now)) messages.push({ seq, bytes: this.row.subarray(start, end) })
      start = end
    }
    return messages
  }

  /** Every message, expired or not. */
  all(): StoredMessage[] {
    return this.messages((this.first - 1) as Seq, (this.first + this.count) as Seq, 0 as Millis)
  }

  /** As it was given to {@link encodeBatch}, but for the ids, which a row does not hold. */
  toBatch(): MessageBatch {
    const all = this.all()
    return {
      firstSeq: this.first,
      lastSeq: (this.first + this.count - 1) as Seq,
      bytes: Buffer.concat(all.map(({ bytes }) => bytes)),
      lengths: all.map(({ bytes }) => bytes.length),
      messageIds: new Uint8Array(0),
      expires: all.map((_, index) => this.expiry(index)),
    }
  }

  /** The lowest seq that has not expired; undefined when all have. */
  firstLiving(now: Millis): Seq | undefined {
    for (let i = 0; i < this.count; i++) if (!this.isExpired(i, now)) return (this.first + i) as Seq
    return undefined
  }

  /** The last moment at which messages of it expire; undefined when that is not after `now`. */
  lastExpiryAfter(now: Millis): Millis | undefined {
    let last = 0 as Millis
    for (let i = 0; i < this.count; i++) {
      const time = this.expiry(i)
      if (time > last) last = time
    }
    return last > now ? last : undefined
  }
}
