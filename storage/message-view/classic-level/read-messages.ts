import type { ConversationId, Seq } from '@chat4all/protocol'
import { DamagedFileError } from '../../file-system/damaged-file-error.js'
import { BatchRow } from '../batch-row.js'
import type { MessageRange, StoredMessage } from '../port.js'
import type { Database } from './database.js'
import type { Head } from './head-row.js'
import { batchesOf, seqOfKey } from './keys.js'

/** Bytes of rows that one step of an iterator fetches ahead: a page of history, not the conversation. */
const FETCH_BYTES = 128 * 1024

/** MessageView.messages. `head`: as it was before, or when, the rows are read. */
export async function readMessages(
  database: Database,
  conversation: ConversationId,
  head: Head,
  range: MessageRange,
): Promise<StoredMessage[]> {
  if (range.limit <= 0 || range.before <= range.after + 1) return []
  const messages = range.newestFirst
    ? await highest(database, conversation, range)
    : await lowest(database, conversation, range)
  if (!head.expiring) requireAll(conversation, messages, head.head, range)
  return messages
}

/**
 * Where nothing expires, nothing is missing: a gap means that rows were lost. LevelDB drops damaged parts of its own log
 * without a word, so this is the only place where it shows.
 * @throws DamagedFileError
 */
function requireAll(
  conversation: ConversationId,
  messages: readonly StoredMessage[],
  head: Seq,
  { after, before, limit, newestFirst }: MessageRange,
): void {
  const lowest = after + 1
  const highest = Math.min(before - 1, head)
  const count = Math.max(0, Math.min(limit, highest - lowest + 1))
  const from = newestFirst ? highest - count + 1 : lowest
  for (let i = 0; i < count; i++) {
    if (messages[i]?.seq === from + i) continue
    throw new DamagedFileError('the message view', `message ${from + i} of ${conversation} is not there`)
  }
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
