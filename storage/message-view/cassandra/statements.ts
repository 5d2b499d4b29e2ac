import type { AppId, ConversationId, Millis, Seq } from '@chat4all/protocol'
import { types } from 'cassandra-driver'
import { encodeBatch } from '../batch-row.js'
import type {
  ConversationChange,
  ConversationData,
  MessageBatch,
  StoredCursor,
  StoredLabels,
  StoredMember,
  StoredRise,
} from '../port.js'
import { BASE_BUCKET, bucketOf, idBucketOf, lastOfWindow } from './partitions.js'

/**
 * What an apply writes. Every cell carries a timestamp that follows from its content: what never changes has one and
 * the same, and what rises has its own height. So writes may come twice, late and in any order, from owners and
 * recoverers at once, and nobody's clock decides what stays.
 *
 * Only UPDATE: INSERT would leave a mark that the row exists, with a life of its own beside that of its cells.
 */
export interface Statement {
  readonly query: string
  readonly params: readonly unknown[]
}

/** Statements under one partition key, and roughly their size. */
export interface Partition {
  readonly bucket: number
  readonly statements: Statement[]
}

/** Cells whose content never changes. */
const UNCHANGING = types.Long.ONE
/** Cassandra takes no longer life than 20 years; what is to live longer is kept. */
const TTL_SECONDS_MAX = 20 * 365 * 24 * 3600
/** Who has had a message for longer has it, and nobody knows any more since when. */
const RISE_SECONDS = 400 * 24 * 3600
/** A row is cut before it: large cells make Cassandra's reads and compactions stall. */
const ROW_BYTES_MAX = 128 * 1024
const ID_BYTES = 16

const WHERE = 'WHERE conversation = ? AND bucket = ?'
const MESSAGES = `UPDATE messages USING TIMESTAMP ? AND TTL ? SET encoded = ? ${WHERE} AND first_seq = ?`
const MESSAGE_ID = `UPDATE message_ids USING TIMESTAMP ? SET seq = ? ${WHERE} AND message_id = ?`
const DATA = `UPDATE conversations USING TIMESTAMP ? SET app = ?, type = ?, created = ?, metadata = ?, ttl = ? ${WHERE}`
const LABELS = `UPDATE conversations USING TIMESTAMP ? SET metadata = ? ${WHERE}`
const HEAD = `UPDATE conversations USING TIMESTAMP ? SET head = ? ${WHERE}`
const FIRST = `UPDATE conversations USING TIMESTAMP ? SET first = ? ${WHERE}`
const MEMBER = `UPDATE members USING TIMESTAMP ? SET role = ?, present = ?, version = ? ${WHERE} AND user = ?`
const CURSOR = `UPDATE cursors USING TIMESTAMP ? SET delivered = ?, read = ? ${WHERE} AND user = ?`
const DELIVERED = `UPDATE cursors USING TIMESTAMP ? SET delivered = ? ${WHERE} AND user = ?`
const READ = `UPDATE cursors USING TIMESTAMP ? SET read = ? ${WHERE} AND user = ?`
const RISE = `UPDATE receipts USING TIMESTAMP ? AND TTL ? SET time = ? ${WHERE} AND user = ? AND kind = ? AND upto = ?`
const USER =
  'UPDATE user_conversations USING TIMESTAMP ? SET present = ? WHERE app = ? AND user = ? AND conversation = ?'

/** A time to live ends this long after the last message of its row: nobody's clock makes messages vanish too early. */
export interface Lifetimes {
  readonly now: Millis
  readonly expiredKeptSeconds: number
}

/**
 * All that changes do to one conversation, in the order in which it has to be written: who sees a head finds the
 * messages up to it.
 */
export function partitionsOf(
  conversation: ConversationId,
  changes: readonly ConversationChange[],
  lifetimes: Lifetimes,
): Partition[] {
  const partitions = new Map<number, Statement[]>()
  const add = (bucket: number, statement: Statement) => {
    const statements = partitions.get(bucket)
    if (statements === undefined) partitions.set(bucket, [statement])
    else statements.push(statement)
  }
  let head = 0 as Seq
  for (const { data, labels, members, cursors, rises, messages } of changes) {
    if (data !== undefined) add(BASE_BUCKET, dataStatement(conversation, data))
    if (labels !== undefined) add(BASE_BUCKET, labelsStatement(conversation, labels))
    for (const member of members ?? []) add(BASE_BUCKET, memberStatement(conversation, member))
    for (const cursor of cursors ?? [])
      for (const statement of cursorStatements(conversation, cursor)) add(BASE_BUCKET, statement)
    for (const rise of rises ?? []) add(bucketOf(rise.upto), riseStatement(conversation, rise))
    if (messages === undefined) continue
    addMessages(conversation, messages, lifetimes, add)
    if (messages.lastSeq > head) head = messages.lastSeq
  }
  if (head > 0) add(BASE_BUCKET, { query: HEAD, params: [risen(head), long(head), conversation, BASE_BUCKET] })
  return [...partitions]
    .map(([bucket, statements]) => ({ bucket, statements }))
    .sort((a, b) => (a.bucket === BASE_BUCKET ? 1 : b.bucket === BASE_BUCKET ? -1 : a.bucket - b.bucket))
}

/** What makes a conversation one of its users': told when the conversation is there to be loaded. */
export function userStatements({ app, conversation, members }: ConversationChange): Statement[] {
  return userRows(app, conversation, members ?? [])
}

/** Members and what they are members of: both. */
export function memberStatements(
  app: AppId,
  conversation: ConversationId,
  members: readonly StoredMember[],
): Statement[] {
  return [...members.map((member) => memberStatement(conversation, member)), ...userRows(app, conversation, members)]
}

function userRows(app: AppId, conversation: ConversationId, members: readonly StoredMember[]): Statement[] {
  return members.map(({ user, present, version }) => ({
    query: USER,
    params: [risen(version), present, app, user, conversation],
  }))
}

export function firstStatement(conversation: ConversationId, first: Seq): Statement {
  return { query: FIRST, params: [risen(first), long(first), conversation, BASE_BUCKET] }
}

function addMessages(
  conversation: ConversationId,
  batch: MessageBatch,
  lifetimes: Lifetimes,
  add: (bucket: number, statement: Statement) => void,
): void {
  for (let first = batch.firstSeq; first <= batch.lastSeq; ) {
    const last = lastOfRow(batch, first)
    // Rows that begin alike hold the same messages, as far as both go: the longer one stays.
    add(bucketOf(first), rowStatement(conversation, batch, first, last, risen(last), lifetimes))
    first = (last + 1) as Seq
  }
  const ids = Buffer.from(batch.messageIds.buffer, batch.messageIds.byteOffset, batch.messageIds.length)
  for (let i = 0; i < batch.lengths.length; i++) {
    const seq = (batch.firstSeq + i) as Seq
    const bucket = idBucketOf(seq)
    const id = ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES)
    add(bucket, { query: MESSAGE_ID, params: [UNCHANGING, long(seq), conversation, bucket, id] })
  }
}

export function rowStatement(
  conversation: ConversationId,
  batch: MessageBatch,
  first: Seq,
  last: Seq,
  timestamp: types.Long,
  lifetimes: Lifetimes,
): Statement {
  const encoded = Buffer.from(encodeBatch(batch, first, last))
  const ttl = ttlSeconds(batch, first, last, lifetimes)
  return { query: MESSAGES, params: [timestamp, ttl, encoded, conversation, bucketOf(first), long(first)] }
}

function lastOfRow(batch: MessageBatch, first: Seq): Seq {
  const border = Math.min(batch.lastSeq, lastOfWindow(first))
  let bytes = 0
  for (let seq = first as number; seq <= border; seq++) {
    bytes += batch.lengths[seq - batch.firstSeq]!
    if (bytes > ROW_BYTES_MAX && seq > first) return (seq - 1) as Seq
  }
  return border as Seq
}

/** 0: for ever. */
function ttlSeconds(
  { firstSeq, expires }: MessageBatch,
  first: Seq,
  last: Seq,
  { now, expiredKeptSeconds }: Lifetimes,
): number {
  if (expires === undefined) return 0
  let end = 0
  for (let seq = first as number; seq <= last; seq++) {
    const time = expires[seq - firstSeq]!
    if (time === 0) return 0
    if (time > end) end = time
  }
  const seconds = Math.max(0, Math.ceil((end - now) / 1_000)) + expiredKeptSeconds
  return seconds > TTL_SECONDS_MAX ? 0 : seconds
}

/** Written at creation only; labels that change later have a timestamp of their own. */
function dataStatement(conversation: ConversationId, data: ConversationData): Statement {
  const { app, type, created, metadata, ttl } = data
  // Undefined leaves a cell as it is; null would write a tombstone.
  return { query: DATA, params: [UNCHANGING, app, type, long(created), metadata, ttl, conversation, BASE_BUCKET] }
}

function labelsStatement(conversation: ConversationId, { metadata, version }: StoredLabels): Statement {
  return { query: LABELS, params: [risen(version), metadata ?? null, conversation, BASE_BUCKET] }
}

function memberStatement(conversation: ConversationId, { user, role, present, version }: StoredMember): Statement {
  return { query: MEMBER, params: [risen(version), role, present, long(version), conversation, BASE_BUCKET, user] }
}

function cursorStatements(conversation: ConversationId, { user, delivered, read }: StoredCursor): Statement[] {
  const where = [conversation, BASE_BUCKET, user]
  if (delivered === read) return [{ query: CURSOR, params: [risen(delivered), long(delivered), long(read), ...where] }]
  // Each field rises for itself, so each has a timestamp of its own.
  return [
    { query: DELIVERED, params: [risen(delivered), long(delivered), ...where] },
    ...(read > 0 ? [{ query: READ, params: [risen(read), long(read), ...where] }] : []),
  ]
}

/** With the height of its seq, so that what is erased up to there goes and what rises later stays. Under the key of the message that it came to: where, most often, a message is written at the same time. */
function riseStatement(conversation: ConversationId, { user, kind, upto, time }: StoredRise): Statement {
  return {
    query: RISE,
    params: [risen(upto), RISE_SECONDS, long(time), conversation, bucketOf(upto), user, kind, long(upto)],
  }
}

const long = (value: number): types.Long => types.Long.fromNumber(value)
/** The timestamp of what only rises; 0 is none. */
const risen = (value: number): types.Long => types.Long.fromNumber(value + 1)
