import type { AppId, ConversationId, Seq, UserId } from '@chat4all/protocol'
import { BatchRow, encodeBatch } from '../batch-row.js'
import { batchWithout } from '../batch-without.js'
import { type Database, writeRows } from './database.js'
import { encodeHead } from './head-row.js'
import type { Heads } from './heads.js'
import {
  batchesOf,
  batchKey,
  headKey,
  type KeyRange,
  memberKey,
  membersOf,
  risesOfAll,
  seqOfKey,
  userKey,
  userOfKey,
} from './keys.js'
import { decodeMember, encodeMember } from './rows.js'

/** Rows of one write: a long conversation is erased in several, each of which may be repeated. */
const ROWS_AT_ONCE = 256

/** Erases all that was said up to `upto`, with its receipts, and lets everyone go who was a member by then. */
export async function eraseAll(
  database: Database,
  heads: Heads,
  { app, conversation, upto }: { readonly app: AppId; readonly conversation: ConversationId; readonly upto: Seq },
): Promise<void> {
  const head = await heads.get(conversation)
  const raised = { ...head, first: Math.max(head.first, upto + 1) as Seq, expiring: true }
  // First of all, so that nobody misses what is taken away below.
  await writeRows(database, true, async (rows) => void rows.put(headKey(conversation), encodeHead(raised)))
  heads.set(conversation, raised)
  await deleteRows(database, batchesOf(conversation, 1 as Seq, (upto + 1) as Seq))
  await deleteRows(database, risesOfAll(conversation), (key) => seqOfKey(key) <= upto)
  const members = await database.iterator(membersOf(conversation)).all()
  await writeRows(database, true, async (rows) => {
    for (const [key, row] of members) {
      const member = decodeMember(userOfKey(key), row)
      if (!member.present || member.version > upto) continue
      rows.put(memberKey(conversation, member.user), encodeMember({ ...member, present: false, version: upto }))
      rows.delete(userKey(app, member.user, conversation))
    }
  })
}

async function deleteRows(
  database: Database,
  { gte, lt }: KeyRange,
  goes: (key: Buffer) => boolean = () => true,
): Promise<void> {
  let keys = await database.keys({ gte, lt, limit: ROWS_AT_ONCE }).all()
  while (keys.length > 0) {
    const found = keys
    await writeRows(database, true, async (rows) => {
      for (const key of found) if (goes(key)) rows.delete(key)
    })
    keys = await database.keys({ gt: found.at(-1)!, lt, limit: ROWS_AT_ONCE }).all()
  }
}

/** Erases what one user said up to `upto`. */
export async function eraseUser(
  database: Database,
  { conversation, user, upto }: { readonly conversation: ConversationId; readonly user: UserId; readonly upto: Seq },
): Promise<void> {
  for (let from = 1 as Seq; from <= upto; ) {
    const range = batchesOf(conversation, from, (upto + 1) as Seq)
    const found = await database.iterator({ ...range, limit: ROWS_AT_ONCE }).all()
    if (found.length === 0) return
    await writeRows(database, true, async (rows) => {
      for (const [key, row] of found) {
        const first = seqOfKey(key)
        const batch = batchWithout(new BatchRow(first, row), user, upto)
        // The row is good until the next is made.
        if (batch !== undefined) rows.put(batchKey(conversation, first), Buffer.from(encodeBatch(batch, first)))
      }
    })
    from = (seqOfKey(found.at(-1)![0]) + 1) as Seq
  }
}
