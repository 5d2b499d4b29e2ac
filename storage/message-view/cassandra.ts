import type { AppId, ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'
import { type Client, types } from 'cassandra-driver'
import type {
  ConversationChange,
  MessageBatch,
  MessageRange,
  MessageView,
  StoredConversation,
  StoredMessage,
} from './port.js'

/** Messages of one partition. */
const BUCKET_MESSAGES = 5_000
/** Rows of one unlogged batch: all of one partition, so it is one write of one mutation. */
const BATCH_ROWS = 50
const BATCH_BYTES = 32 * 1024
/** Statements under way at once for one `apply`. */
const CONCURRENT = 32
/** Cells with the same content have the same timestamp: writing them again, late or twice, changes nothing. */
const CONTENT = types.Long.ONE

type Statement = { readonly query: string; readonly params: unknown[] }

const bucketOf = (seq: number) => Math.floor(seq / BUCKET_MESSAGES)
const long = (value: number) => types.Long.fromNumber(value)

/**
 * The message view in Cassandra. Plain writes, idempotent in any order: messages and ids never change, heads, members
 * and cursors carry a timestamp that follows from their content (seq, version), so the highest wins whenever it comes.
 */
export function cassandraMessageView(client: Client, now: () => number = Date.now): MessageView {
  async function apply(changes: readonly ConversationChange[]): Promise<void> {
    // Heads are told last: a reader that sees a head finds every message up to it.
    await atOnce(
      CONCURRENT,
      changes.flatMap((change) => bodies(change, now())),
      (batch) => write(batch),
    )
    await atOnce(CONCURRENT, changes, async (change) => {
      const statements = heads(
        change,
        change.members === undefined ? undefined : (change.data?.app ?? (await appOf(change.conversation))),
      )
      await Promise.all(statements.map((statement) => write([statement])))
    })
  }

  async function appOf(conversation: ConversationId): Promise<AppId | undefined> {
    const { rows } = await client.execute('SELECT app FROM conversations WHERE conversation = ?', [conversation])
    return (rows[0]?.app as AppId | null) ?? undefined
  }

  async function write(statements: readonly Statement[]): Promise<void> {
    const [only] = statements
    if (only === undefined) return
    if (statements.length === 1) await client.execute(only.query, only.params)
    else await client.batch([...statements], { prepare: true, logged: false })
  }

  async function load(conversation: ConversationId): Promise<StoredConversation | undefined> {
    const [found, members, cursors] = await Promise.all([
      client.execute('SELECT app, type, created, metadata, ttl, head FROM conversations WHERE conversation = ?', [
        conversation,
      ]),
      client.execute('SELECT user, role, present, version FROM members WHERE conversation = ?', [conversation], {
        prepare: true,
        fetchSize: 20_000,
      }),
      client.execute('SELECT user, delivered, read FROM cursors WHERE conversation = ?', [conversation], {
        prepare: true,
        fetchSize: 20_000,
      }),
    ])
    const row = found.rows[0]
    if (row === undefined || row.app === null) return undefined
    return {
      data: {
        app: row.app as AppId,
        type: row.type as 'private' | 'group',
        created: Number(row.created) as Millis,
        metadata: (row.metadata as Record<string, string> | null) ?? undefined,
        ttl: (row.ttl as number | null) ?? undefined,
      },
      members: members.rows.map((member) => ({
        user: member.user as UserId,
        role: member.role as 'member' | 'admin',
        present: member.present as boolean,
        version: Number(member.version) as Seq,
      })),
      cursors: cursors.rows.map((cursor) => ({
        user: cursor.user as UserId,
        delivered: Number(cursor.delivered ?? 0) as Seq,
        read: Number(cursor.read ?? 0) as Seq,
      })),
      head: Number(row.head ?? 0) as Seq,
      // Messages expire by Cassandra's own TTL: which is the first that exists is found by reading.
      first: 1 as Seq,
    }
  }

  async function messages(
    conversation: ConversationId,
    { after, before, limit, newestFirst, now: at }: MessageRange,
  ): Promise<StoredMessage[]> {
    const found: StoredMessage[] = []
    const head = await headOf(conversation)
    const last = Math.min(before - 1, head)
    if (last <= after) return []
    const [lowest, highest] = [bucketOf(after + 1), bucketOf(last)]
    for (let i = 0; i <= highest - lowest && found.length < limit; i++) {
      const bucket = newestFirst ? highest - i : lowest + i
      const { rows } = await client.execute(
        `SELECT seq, message, expires FROM messages WHERE conversation = ? AND bucket = ? AND seq > ? AND seq <= ? ORDER BY seq ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?`,
        [conversation, bucket, long(after), long(last), limit - found.length],
      )
      for (const row of rows) {
        if (row.expires !== null && Number(row.expires) <= at) continue
        found.push({ seq: Number(row.seq) as Seq, bytes: row.message as Buffer })
      }
    }
    return newestFirst ? found.reverse() : found
  }

  async function headOf(conversation: ConversationId): Promise<number> {
    const { rows } = await client.execute('SELECT head FROM conversations WHERE conversation = ?', [conversation])
    return Number(rows[0]?.head ?? 0)
  }

  return {
    apply,
    load,
    messages,

    async find(conversation, messageId) {
      const { rows } = await client.execute('SELECT seq FROM message_ids WHERE conversation = ? AND message_id = ?', [
        conversation,
        Buffer.from(messageId),
      ])
      return rows[0] === undefined ? undefined : (Number(rows[0].seq) as Seq)
    },

    async conversationsOf(app, user) {
      const { rows } = await client.execute(
        'SELECT conversation, present FROM user_conversations WHERE app = ? AND user = ?',
        [app, user],
        {
          prepare: true,
          fetchSize: 10_000,
        },
      )
      return rows.filter((row) => row.present === true).map((row) => row.conversation as ConversationId)
    },

    /** Cassandra drops what has expired by itself. */
    sweep: async () => 0,
    close: async () => {},
  }
}

function bodies(change: ConversationChange, now: number): Statement[][] {
  const { conversation, data, members, cursors, messages } = change
  const batches: Statement[][] = []
  if (messages !== undefined) batches.push(...messageBatches(conversation, messages, now))
  if (members !== undefined) {
    const rows = members.map(
      ({ user, role, present, version }): Statement => ({
        query:
          'INSERT INTO members (conversation, user, role, present, version) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?',
        params: [conversation, user, role, present, long(version), long(version + 1)],
      }),
    )
    batches.push(...portions(rows))
  }
  if (cursors !== undefined) {
    const rows = cursors.flatMap(({ user, delivered, read }): Statement[] => [
      {
        query: 'UPDATE cursors USING TIMESTAMP ? SET delivered = ? WHERE conversation = ? AND user = ?',
        params: [long(delivered + 1), long(delivered), conversation, user],
      },
      {
        query: 'UPDATE cursors USING TIMESTAMP ? SET read = ? WHERE conversation = ? AND user = ?',
        params: [long(read + 1), long(read), conversation, user],
      },
    ])
    batches.push(...portions(rows))
  }
  if (data !== undefined) {
    batches.push([
      {
        query:
          'INSERT INTO conversations (conversation, app, type, created, metadata, ttl) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?',
        params: [
          conversation,
          data.app,
          data.type,
          long(data.created),
          data.metadata === undefined ? null : { ...data.metadata },
          data.ttl ?? null,
          CONTENT,
        ],
      },
    ])
  }
  return batches
}

/** What makes the bodies findable. */
function heads({ conversation, members, messages }: ConversationChange, app: AppId | undefined): Statement[] {
  const statements: Statement[] = []
  if (messages !== undefined) {
    const head = messages.lastSeq
    statements.push({
      query: 'UPDATE conversations USING TIMESTAMP ? SET head = ? WHERE conversation = ?',
      params: [long(head + 1), long(head), conversation],
    })
  }
  for (const { user, present, version } of app === undefined ? [] : (members ?? [])) {
    statements.push({
      query: 'INSERT INTO user_conversations (app, user, conversation, present) VALUES (?, ?, ?, ?) USING TIMESTAMP ?',
      params: [app, user, conversation, present, long(version + 1)],
    })
  }
  return statements
}

function messageBatches(
  conversation: ConversationId,
  { firstSeq, lengths, bytes, messageIds, expires }: MessageBatch,
  now: number,
): Statement[][] {
  const rows: { readonly bucket: number; readonly statement: Statement }[] = []
  const ids: Statement[] = []
  let at = 0
  for (const [index, length] of lengths.entries()) {
    const seq = firstSeq + index
    const message = Buffer.from(bytes.buffer, bytes.byteOffset + at, length)
    at += length
    const id = Buffer.from(messageIds.buffer, messageIds.byteOffset + index * 16, 16)
    ids.push({
      query: 'INSERT INTO message_ids (conversation, message_id, seq) VALUES (?, ?, ?) USING TIMESTAMP ?',
      params: [conversation, id, long(seq), CONTENT],
    })
    const ends = expires?.[index] ?? 0
    const bucket = bucketOf(seq)
    if (ends === 0) {
      const query = 'INSERT INTO messages (conversation, bucket, seq, message) VALUES (?, ?, ?, ?) USING TIMESTAMP ?'
      rows.push({ bucket, statement: { query, params: [conversation, bucket, long(seq), message, CONTENT] } })
    } else if (ends > now) {
      const query =
        'INSERT INTO messages (conversation, bucket, seq, message, expires) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?'
      const seconds = Math.ceil((ends - now) / 1000)
      rows.push({
        bucket,
        statement: { query, params: [conversation, bucket, long(seq), message, long(ends), CONTENT, seconds] },
      })
    }
  }
  const byBucket = group(rows)
  return [
    ...[...byBucket.values()].flatMap((bucket) => portions(bucket.map(({ statement }) => statement))),
    ...portions(ids),
  ]
}

function group<Row extends { readonly bucket: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>()
  for (const row of rows) {
    const of = groups.get(row.bucket)
    if (of === undefined) groups.set(row.bucket, [row])
    else of.push(row)
  }
  return groups
}

/** Statements of one partition, in batches that Cassandra takes without complaint. */
function portions(statements: readonly Statement[]): Statement[][] {
  const batches: Statement[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const statement of statements) {
    let size = 100
    for (const param of statement.params) if (Buffer.isBuffer(param)) size += param.length
    if (bytes + size > BATCH_BYTES || batches.at(-1)!.length >= BATCH_ROWS) {
      batches.push([])
      bytes = 0
    }
    batches.at(-1)!.push(statement)
    bytes += size
  }
  return batches
}

/** Runs over the items with at most `limit` under way; rejects with the first fault, after none is under way any more. */
async function atOnce<Item>(limit: number, items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < items.length) await run(items[next++]!)
  }
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
