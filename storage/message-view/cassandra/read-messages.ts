import type { ConversationId, Millis, Seq } from '@chat4all/protocol'
import { type Client, types } from 'cassandra-driver'
import { BatchRow } from '../batch-row.js'
import type { MessageRange, StoredMessage } from '../port.js'
import { BASE_BUCKET, bucketOf, firstOfBucket, firstOfWindow, lastOfBucket, SEQ_MAX } from './partitions.js'

/** Rows of one page of an answer: at most some ten megabytes. */
const FETCH_ROWS = 128
/** What was read in vain makes the next reading larger: of a conversation of which much has expired. */
const GROWTH = 4

const ROWS =
  'SELECT first_seq, encoded FROM messages WHERE conversation = ? AND bucket = ? AND first_seq >= ? AND first_seq <= ?'
const EXTENT = 'SELECT head, first FROM conversations WHERE conversation = ? AND bucket = ?'

/** Seqs from `low` to `high`, both of them included. */
interface Interval {
  readonly low: Seq
  readonly high: Seq
}

/** Where a conversation's messages end and begin; 0 and 1 of one that is not there. */
export interface Extent {
  readonly head: Seq
  readonly first: Seq
}

export interface ReadOptions {
  /** What has expired for less than this may still live by another clock. */
  readonly expiredKeptMs: number
  /** Told the lowest message that may still live, when it has risen. */
  readonly onFirstRisen: (first: Seq) => void
}

/**
 * MessageView.messages. Seqs have no gaps, so a page of messages is an interval of seqs, and most are read with one
 * query. Only where messages have expired, or `before` is far beyond the head, the head is read to come to an end.
 */
export async function readMessages(
  client: Client,
  conversation: ConversationId,
  range: MessageRange,
  { expiredKeptMs, onFirstRisen }: ReadOptions,
): Promise<StoredMessage[]> {
  const { after, before, limit, newestFirst, now } = range
  if (limit <= 0 || before <= after + 1) return []
  let low = (after + 1) as Seq
  let high = (before - 1) as Seq
  const next = (count: number): Interval =>
    newestFirst
      ? { low: Math.max(low, high - count + 1) as Seq, high }
      : { low, high: Math.min(high, low + count - 1) as Seq }
  const read = (interval: Interval) => readInterval(client, conversation, interval, now, expiredKeptMs)

  if (high <= SEQ_MAX) {
    const interval = next(limit)
    const { messages } = await read(interval)
    if (messages.length === interval.high - interval.low + 1) return messages
  }

  // Once more from the beginning: what was not there yet when it was read above may be below the head that is read now.
  const extent = await extentOf(client, conversation)
  low = Math.max(low, extent.first) as Seq
  high = Math.min(high, extent.head) as Seq
  const fromFirst = !newestFirst && low === extent.first
  let lowestKept: Seq | undefined
  let found: StoredMessage[] = []
  for (let count = limit; low <= high && found.length < limit; count *= GROWTH) {
    const interval = next(count)
    const more = await read(interval)
    lowestKept ??= more.lowestKept
    if (newestFirst) {
      found = [...more.messages, ...found]
      high = (interval.low - 1) as Seq
    } else {
      found.push(...more.messages)
      low = (interval.high + 1) as Seq
    }
  }
  if (fromFirst && (lowestKept ?? low) > extent.first) onFirstRisen(lowestKept ?? low)
  return newestFirst ? found.slice(-limit) : found.slice(0, limit)
}

export async function extentOf(client: Client, conversation: ConversationId): Promise<Extent> {
  const { rows } = await client.execute(EXTENT, [conversation, BASE_BUCKET], { prepare: true, isIdempotent: true })
  return { head: Number(rows[0]?.head ?? 0) as Seq, first: Number(rows[0]?.first ?? 1) as Seq }
}

interface Found {
  /** Those that live, in order. */
  readonly messages: StoredMessage[]
  /** The lowest that may still live by another clock. */
  readonly lowestKept: Seq | undefined
}

/** Rows may overlap, since recoverers cut batches as they find them: what two rows hold of one seq is the same. */
async function readInterval(
  client: Client,
  conversation: ConversationId,
  { low, high }: Interval,
  now: Millis,
  expiredKeptMs: number,
): Promise<Found> {
  const messages = new Map<Seq, StoredMessage>()
  let lowestKept: Seq | undefined
  for (let bucket = bucketOf(low); bucket <= bucketOf(high); bucket++) {
    // A row that holds `low` begins in its window.
    const from = Math.max(firstOfWindow(low), firstOfBucket(bucket))
    const to = Math.min(high, lastOfBucket(bucket))
    const rows = await client.execute(ROWS, [conversation, bucket, long(from), long(to)], {
      prepare: true,
      isIdempotent: true,
      fetchSize: FETCH_ROWS,
    })
    for await (const row of rows) {
      const batch = new BatchRow(Number(row.first_seq) as Seq, row.encoded as Buffer)
      const kept = batch.messages((low - 1) as Seq, (high + 1) as Seq, (now - expiredKeptMs) as Millis)
      for (const message of kept) {
        if (lowestKept === undefined || message.seq < lowestKept) lowestKept = message.seq
        if (!batch.isExpired(message.seq - batch.first, now)) messages.set(message.seq, message)
      }
    }
  }
  return { messages: [...messages.values()].sort((a, b) => a.seq - b.seq), lowestKept }
}

const long = (value: number): types.Long => types.Long.fromNumber(value)
