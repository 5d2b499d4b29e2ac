import type { ConversationId, Millis, Seq } from '@chat4all/protocol'
import { BatchRow } from '../batch-row.js'
import { type Database, type RowChanges, writeRows } from './database.js'
import { encodeHead, type Head } from './head-row.js'
import type { Heads } from './heads.js'
import { batchesOf, batchKey, conversationOfExpiryKey, expiriesUpTo, expiryKey, headKey, seqOfKey } from './keys.js'

/**
 * Deletes batches whose messages have all expired, at most `limit`, and raises `first` of their conversations. A batch is
 * looked at when its first message expires, and if others live longer, once more when the last one does. Of one that
 * holds messages without end, only `first` takes notice. Returns how many batches went.
 */
export async function sweep(database: Database, heads: Heads, now: Millis, limit: number): Promise<number> {
  let swept = 0
  while (swept < limit) {
    const due = await database.keys({ ...expiriesUpTo(now), limit: limit - swept }).all()
    if (due.length === 0) break
    swept += await sweepBatches(database, heads, due, now)
  }
  return swept
}

/** Every one of the expiry rows goes or moves behind `now`, so that sweeping comes to an end. */
async function sweepBatches(database: Database, heads: Heads, due: readonly Buffer[], now: Millis): Promise<number> {
  // Not synced: what a crash undoes is swept again.
  const { swept, raised } = await writeRows(database, false, (rows) => sweepInto(rows, database, heads, due, now))
  for (const [conversation, head] of raised) heads.set(conversation, head)
  return swept
}

interface Swept {
  /** Batches that go. */
  readonly swept: number
  /** Heads whose `first` rises. */
  readonly raised: ReadonlyMap<ConversationId, Head>
}

async function sweepInto(
  rows: RowChanges,
  database: Database,
  heads: Heads,
  due: readonly Buffer[],
  now: Millis,
): Promise<Swept> {
  const gone = new Map<ConversationId, Set<Seq>>()
  let swept = 0
  const batches = await database.getMany(due.map((key) => batchKey(conversationOfExpiryKey(key), seqOfKey(key))))
  for (const [i, key] of due.entries()) {
    const conversation = conversationOfExpiryKey(key)
    const first = seqOfKey(key)
    rows.delete(key)
    let goneHere = gone.get(conversation)
    if (goneHere === undefined) {
      goneHere = new Set()
      gone.set(conversation, goneHere)
    }
    const row = batches[i]
    if (row === undefined || goneHere.has(first)) continue
    const batch = new BatchRow(first, row)
    if (batch.firstLiving(now) === undefined) {
      rows.delete(batchKey(conversation, first))
      goneHere.add(first)
      swept++
      continue
    }
    const again = batch.lastExpiryAfter(now)
    if (again !== undefined) rows.put(expiryKey(again, conversation, first), NO_BYTES)
  }
  const stored = await heads.getMany(new Set(gone.keys()))
  const raised = new Map<ConversationId, Head>()
  for (const [conversation, goneHere] of gone) {
    const head = stored.get(conversation)!
    const first = await firstLiving(database, conversation, head, goneHere, now)
    if (first <= head.first) continue
    raised.set(conversation, { ...head, first })
    rows.put(headKey(conversation), encodeHead({ ...head, first }))
  }
  return { swept, raised }
}

/** The lowest message that lives, when those batches are gone; behind the head when none does. */
async function firstLiving(
  database: Database,
  conversation: ConversationId,
  head: Head,
  gone: ReadonlySet<Seq>,
  now: Millis,
): Promise<Seq> {
  for await (const [key, row] of database.iterator(batchesOf(conversation, 1 as Seq))) {
    const first = seqOfKey(key)
    if (gone.has(first)) continue
    const living = new BatchRow(first, row).firstLiving(now)
    if (living !== undefined) return living
  }
  return (head.head + 1) as Seq
}

const NO_BYTES = Buffer.alloc(0)
