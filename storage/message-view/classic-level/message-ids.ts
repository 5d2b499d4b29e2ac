import type { ConversationId, Seq } from '@chat4all/protocol'
import type { Database, RowChanges } from './database.js'
import type { Head } from './head-row.js'
import { archiveKey, archiveOf, idPageKey, idPagesOf, seqOfKey } from './keys.js'

/**
 * Which seq a message_id has, without a row per message (docs/decisions/0011). The ids of a conversation stand in
 * pages, in the order of their seqs, so that a page needs no seqs: the newest few in the head row, then short pages, of
 * which sixteen become a long one, of which sixteen become part of the archive: there they are parted by their first
 * bits, so that looking one up reads a 64th of it.
 */

export const ID_BYTES = 16

/** Ids in the head row before they become a page. */
const SHORT_PAGE_IDS = 16
const LONG_PAGE_IDS = 256
/** So many pages of one kind become one of the next. */
const PAGES = 16
const ARCHIVE_PARTS = 64
const OFFSET_BYTES = 4
/** Each step of an iterator is a hop to another thread and back: few large ones. */
const FEW_HOPS = { highWaterMarkBytes: 512 * 1024 }
const NO_BYTES = Buffer.alloc(0)

/**
 * Adds the ids of the messages behind `head.head`. Returns the head as it will be; `rows` gets the changes that must be
 * written with it. May read pages, so nothing else may write the conversation meanwhile.
 */
export function addIds(
  database: Database,
  conversation: ConversationId,
  head: Head,
  ids: readonly Uint8Array[],
  rows: RowChanges,
): Head | Promise<Head> {
  const tail = Buffer.concat([head.tail, ...ids])
  const count = tail.length / ID_BYTES
  const top = (head.short + count) as Seq
  if (count < SHORT_PAGE_IDS) return { ...head, head: top, tail }

  if (count < LONG_PAGE_IDS && head.shortPages + 1 < PAGES) {
    rows.put(idPageKey(conversation, (head.short + 1) as Seq), tail)
    return { ...head, head: top, short: top, shortPages: head.shortPages + 1, tail: NO_BYTES }
  }

  return mergePages(database, conversation, head, tail, rows)
}

/** The short pages and the tail become a long page, or they and the long pages become part of the archive. */
async function mergePages(
  database: Database,
  conversation: ConversationId,
  head: Head,
  tail: Buffer,
  rows: RowChanges,
): Promise<Head> {
  const top = (head.short + tail.length / ID_BYTES) as Seq
  const shortPages = await takePages(database, conversation, head.long, head.short, rows)
  const long = Buffer.concat([...shortPages, tail])
  const grown = { ...head, head: top, long: top, short: top, shortPages: 0, tail: NO_BYTES }
  if (head.longPages + 1 < PAGES) {
    rows.put(idPageKey(conversation, (head.long + 1) as Seq), long)
    return { ...grown, longPages: head.longPages + 1 }
  }

  const longPages = await takePages(database, conversation, head.archived, head.long, rows)
  archive(conversation, (head.archived + 1) as Seq, Buffer.concat([...longPages, long]), rows)
  return { ...grown, archived: top, longPages: 0 }
}

/** The pages of (after, upTo], which go. */
async function takePages(
  database: Database,
  conversation: ConversationId,
  after: Seq,
  upTo: Seq,
  rows: RowChanges,
): Promise<Buffer[]> {
  if (after === upTo) return []
  const pages = await database.iterator(idPagesOf(conversation, (after + 1) as Seq, (upTo + 1) as Seq)).all()
  return pages.map(([key, page]) => {
    rows.delete(key)
    return page
  })
}

function archive(conversation: ConversationId, first: Seq, ids: Buffer, rows: RowChanges): void {
  const parts: number[][] = Array.from({ length: ARCHIVE_PARTS }, () => [])
  const count = ids.length / ID_BYTES
  for (let i = 0; i < count; i++) parts[partOf(ids, i * ID_BYTES)]!.push(i)
  for (const [part, indexes] of parts.entries()) {
    if (indexes.length === 0) continue
    const value = Buffer.allocUnsafe(indexes.length * (ID_BYTES + OFFSET_BYTES))
    let idAt = 0
    let offsetAt = indexes.length * ID_BYTES
    for (const index of indexes) {
      idAt += ids.copy(value, idAt, index * ID_BYTES, (index + 1) * ID_BYTES)
      offsetAt = value.writeUInt32LE(index, offsetAt)
    }
    rows.put(archiveKey(conversation, part, first), value)
  }
}

/** By the first six bits, which are random in a UUIDv4. */
const partOf = (bytes: Uint8Array, at: number): number => bytes[at]! >>> 2

/**
 * The seq of an id, the newest places first: that is also the direction in which ids move while we look, so that one
 * which moves is met twice rather than missed. `head` may be an old one.
 */
export async function findId(
  database: Database,
  conversation: ConversationId,
  head: Head,
  id: Uint8Array,
): Promise<Seq | undefined> {
  const inTail = indexOfId(head.tail, id)
  if (inTail !== undefined) return (head.short + 1 + inTail) as Seq

  if (head.short === 0) return undefined

  // Upwards and behind what is archived: LevelDB copies what was deleted there when it reads downwards.
  const pages = await database.iterator({ ...idPagesOf(conversation, (head.archived + 1) as Seq), ...FEW_HOPS }).all()
  for (const [key, page] of pages.toReversed()) {
    const index = indexOfId(page, id)
    if (index !== undefined) return (seqOfKey(key) + index) as Seq
  }
  // The pages themselves say that nothing was archived when they were read; the head may be older.
  const [oldest] = pages
  if (oldest !== undefined && seqOfKey(oldest[0]) === 1) return undefined

  const parts = database.iterator({ ...archiveOf(conversation, partOf(id, 0)), ...FEW_HOPS, reverse: true })
  for await (const [key, part] of parts) {
    const idsBytes = (part.length / (ID_BYTES + OFFSET_BYTES)) * ID_BYTES
    const index = indexOfId(part.subarray(0, idsBytes), id)
    if (index !== undefined) return (seqOfKey(key) + part.readUInt32LE(idsBytes + index * OFFSET_BYTES)) as Seq
  }
  return undefined
}

function indexOfId(ids: Buffer, id: Uint8Array): number | undefined {
  for (let at = ids.indexOf(id); at >= 0; at = ids.indexOf(id, at + 1)) {
    // Elsewhere it is the end of one id and the beginning of the next.
    if (at % ID_BYTES === 0) return at / ID_BYTES
  }
  return undefined
}
