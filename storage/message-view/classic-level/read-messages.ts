import type { ConversationId, Seq } from '@chat4all/protocol'
import type { MessageRange, StoredMessage } from '../port.js'
import { BatchRow } from './batch-row.js'
import type { Database } from './database.js'
import { batchesOf, seqOfKey } from './keys.js'

/** Bytes of rows that one step of an iterator fetches ahead: a page of history, not the conversation. */
const FETCH_BYTES = 128 * 1024

/** MessageView.messages. */
export async function readMessages(
  database: Database,
  conversation: ConversationId,
  range: MessageRange,
): Promise<StoredMessage[]> {
  if (range.limit <= 0 || range.before <= range.after + 1) return []
  return range.newestFirst ? highest(database, conversation, range) : lowest(database, conversation, range)
}

async function highest(
  database: Database,
  conversation: ConversationId,
  { after, before, limit, now }: MessageRange,
): Promise<StoredMessage[]> {
  // A list per batch, put into order once at the end.
  const lists: StoredMessage[][] = []
  let missing = limit
  const rows = database.iterator({
    ...batchesOf(conversation, 1 as Seq, before),
    reverse: true,
    highWaterMarkBytes: FETCH_BYTES,
  })
  for await (const [key, row] of rows) {
    const batch = new BatchRow(seqOfKey(key), row)
    const messages = batch.messages(after, before, now).slice(-missing)
    lists.push(messages)
    missing -= messages.length
    if (missing === 0 || batch.first <= after + 1) break
  }
  return lists.reverse().flat()
}

async function lowest(
  database: Database,
  conversation: ConversationId,
  { after, before, limit, now }: MessageRange,
): Promise<StoredMessage[]> {
  const wanted = (after + 1) as Seq
  const messages: StoredMessage[] = []
  // The batch that holds the message wanted begins at or before it.
  const [begin] = await database
    .keys({ ...batchesOf(conversation, 1 as Seq, (wanted + 1) as Seq), reverse: true, limit: 1 })
    .all()
  const from = begin === undefined ? wanted : seqOfKey(begin)
  const rows = database.iterator({ ...batchesOf(conversation, from, before), highWaterMarkBytes: FETCH_BYTES })
  for await (const [key, row] of rows) {
    for (const message of new BatchRow(seqOfKey(key), row).messages(after, before, now)) {
      messages.push(message)
      if (messages.length === limit) return messages
    }
  }
  return messages
}
