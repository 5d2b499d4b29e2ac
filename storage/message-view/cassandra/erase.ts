import type { AppId, ConversationId, Seq, UserId } from '@chat4all/protocol'
import { type Client, types } from 'cassandra-driver'
import { BatchRow } from '../batch-row.js'
import { batchWithout } from '../batch-without.js'
import type { ConversationChange, StoredMember } from '../port.js'
import { BASE_BUCKET, bucketOf, lastOfBucket } from './partitions.js'
import { firstStatement, type Lifetimes, memberStatements, rowStatement, type Statement } from './statements.js'

const WHERE = 'WHERE conversation = ? AND bucket = ?'
const ROWS = `SELECT first_seq, encoded FROM messages ${WHERE} AND first_seq <= ?`
const MEMBERS = `SELECT user, role, present, version FROM members ${WHERE}`
const DELETE_ROWS = `DELETE FROM messages USING TIMESTAMP ? ${WHERE} AND first_seq <= ?`
const DELETE_RECEIPTS = `DELETE FROM receipts USING TIMESTAMP ? ${WHERE}`
const FETCH_ROWS = 64

export type Write = (statements: readonly Statement[]) => Promise<void>

/**
 * Erasing by timestamps that follow from the seq of the erasure, as all writes of the view do. A row of messages up to
 * `upto` was written with at most `upto` + 1 (statements.ts), so what is deleted with `upto` + 2 stays deleted, also when
 * it is written once more by somebody who comes late; and what is written anew with `upto` + 3 stays.
 */
const deletedAt = (upto: Seq): types.Long => long(upto + 2)
const rewrittenAt = (upto: Seq): types.Long => long(upto + 3)

export async function erase(
  client: Client,
  write: Write,
  { app, conversation, erase: erasure }: ConversationChange,
  lifetimes: Lifetimes,
): Promise<void> {
  const { upto, user } = erasure!
  if (user === undefined) await eraseAll(client, write, app, conversation, upto)
  else await eraseUser(client, write, conversation, user, upto, lifetimes)
}

async function eraseAll(
  client: Client,
  write: Write,
  app: AppId,
  conversation: ConversationId,
  upto: Seq,
): Promise<void> {
  await write([firstStatement(conversation, (upto + 1) as Seq)])
  for (let bucket = 0; bucket <= bucketOf(upto); bucket++) {
    await write([
      deleteRows(conversation, bucket, upto),
      // Rises beyond `upto` have higher timestamps.
      { query: DELETE_RECEIPTS, params: [long(upto + 1), conversation, bucket] },
    ])
  }
  const { rows } = await client.execute(MEMBERS, [conversation, BASE_BUCKET], { prepare: true, isIdempotent: true })
  const gone = rows
    .filter(({ present, version }) => present === true && Number(version) <= upto)
    .map(({ user, role }): StoredMember => ({ user, role, present: false, version: upto }))
  for (const statement of memberStatements(app, conversation, gone)) await write([statement])
}

/** The rows are written anew before the old ones go: whatever happens in between, nothing is lost. */
async function eraseUser(
  client: Client,
  write: Write,
  conversation: ConversationId,
  user: UserId,
  upto: Seq,
  lifetimes: Lifetimes,
): Promise<void> {
  for (let bucket = 0; bucket <= bucketOf(upto); bucket++) {
    const params = [conversation, bucket, long(upto)]
    const rows = await client.execute(ROWS, params, { prepare: true, isIdempotent: true, fetchSize: FETCH_ROWS })
    for await (const row of rows) {
      const batch = new BatchRow(Number(row.first_seq) as Seq, row.encoded as Buffer)
      const kept = batchWithout(batch, user, upto) ?? batch.toBatch()
      await write([rowStatement(conversation, kept, kept.firstSeq, kept.lastSeq, rewrittenAt(upto), lifetimes)])
    }
    await write([deleteRows(conversation, bucket, upto)])
  }
}

function deleteRows(conversation: ConversationId, bucket: number, upto: Seq): Statement {
  const last = Math.min(upto, lastOfBucket(bucket))
  return { query: DELETE_ROWS, params: [deletedAt(upto), conversation, bucket, long(last)] }
}

function long(value: number): types.Long {
  return types.Long.fromNumber(value)
}
