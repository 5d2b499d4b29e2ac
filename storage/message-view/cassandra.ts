import type { AppId, ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'
import type { Client } from 'cassandra-driver'
import { applyChanges, write } from './cassandra/apply-changes.js'
import { BASE_BUCKET, idBucketOf } from './cassandra/partitions.js'
import { extentOf, readMessages } from './cassandra/read-messages.js'
import { readReceipts } from './cassandra/read-receipts.js'
import { firstStatement } from './cassandra/statements.js'
import type { MessageView, StoredConversation, StoredCursor, StoredMember } from './port.js'

/** A page of members, cursors or conversations. */
const FETCH_ROWS = 2_000

const WHERE = 'WHERE conversation = ? AND bucket = ?'
const CONVERSATION = `SELECT app, type, created, metadata, ttl, head, first FROM conversations ${WHERE}`
const MEMBERS = `SELECT user, role, present, version FROM members ${WHERE}`
const CURSORS = `SELECT user, delivered, read FROM cursors ${WHERE}`
const SEQ_OF_ID = `SELECT seq FROM message_ids ${WHERE} AND message_id = ?`
const CONVERSATIONS_OF = 'SELECT conversation, present FROM user_conversations WHERE app = ? AND user = ?'

export interface CassandraViewOptions {
  /** This node's clock. It only says when Cassandra may clean up; what has expired is told by who reads. */
  readonly now?: () => number
  /**
   * How long expired messages are kept before Cassandra drops them: more than clocks may differ, so that none of them
   * makes a message vanish too early.
   */
  readonly expiredKeptSeconds?: number
}

/**
 * The message view in Cassandra (docs/decisions/0050). Plain writes, idempotent in any order, because their timestamps
 * follow from their content (cassandra/statements.ts); one mutation per conversation and apply (cassandra/partitions.ts).
 * Whoever opened the client closes it.
 */
export function cassandraMessageView(client: Client, options: CassandraViewOptions = {}): MessageView {
  const { now = Date.now, expiredKeptSeconds = 3_600 } = options

  async function rowsOf<Row>(query: string, params: unknown[], read: (row: Record<string, unknown>) => Row) {
    const rows: Row[] = []
    const pages = await client.execute(query, params, { prepare: true, isIdempotent: true, fetchSize: FETCH_ROWS })
    for await (const row of pages) rows.push(read(row))
    return rows
  }

  async function seqOf(conversation: ConversationId, messageId: Uint8Array, bucket: number): Promise<Seq | undefined> {
    const id = Buffer.from(messageId.buffer, messageId.byteOffset, messageId.length)
    const [seq] = await rowsOf(SEQ_OF_ID, [conversation, bucket, id], (row) => Number(row.seq) as Seq)
    return seq
  }

  return {
    apply: (changes) => applyChanges(client, changes, { now: now() as Millis, expiredKeptSeconds }),

    async load(conversation): Promise<StoredConversation | undefined> {
      const key = [conversation, BASE_BUCKET]
      const [[row], members, cursors] = await Promise.all([
        rowsOf(CONVERSATION, key, (found) => found),
        rowsOf(MEMBERS, key, memberOf),
        rowsOf(CURSORS, key, cursorOf),
      ])
      if (row === undefined || row.app === null) return undefined
      return {
        data: {
          app: row.app as AppId,
          type: row.type as 'private' | 'group',
          created: Number(row.created) as Millis,
          metadata: (row.metadata as Record<string, string> | null) ?? undefined,
          ttl: (row.ttl as number | null) ?? undefined,
        },
        members,
        cursors,
        head: Number(row.head ?? 0) as Seq,
        first: Number(row.first ?? 1) as Seq,
      }
    },

    messages: (conversation, range) =>
      readMessages(client, conversation, range, {
        expiredKeptMs: expiredKeptSeconds * 1_000,
        onFirstRisen(first) {
          // It spares later readers the way through what is gone; nothing depends on it.
          write(client, [firstStatement(conversation, first)]).catch(() => {})
        },
      }),

    async find(conversation, messageId) {
      const [seq, { head }] = await Promise.all([
        seqOf(conversation, messageId, BASE_BUCKET),
        extentOf(client, conversation),
      ])
      if (seq !== undefined || head === 0) return seq
      const others = Array.from({ length: idBucketOf(head) }, (_, i) => seqOf(conversation, messageId, i + 1))
      return (await Promise.all(others)).find((found) => found !== undefined)
    },

    receipts: (conversation, seq, users) => readReceipts(client, conversation, seq, users),

    async conversationsOf(app, user, left = false) {
      const rows = await rowsOf(CONVERSATIONS_OF, [app, user], (row) => row)
      return rows
        .filter(({ present }) => left || present === true)
        .map(({ conversation }) => conversation as ConversationId)
    },

    /** Cassandra drops what has expired by itself. */
    sweep: async () => 0,
    close: async () => {},
  }
}

function memberOf({ user, role, present, version }: Record<string, unknown>): StoredMember {
  return {
    user: user as UserId,
    role: role as StoredMember['role'],
    present: present as boolean,
    version: Number(version) as Seq,
  }
}

function cursorOf({ user, delivered, read }: Record<string, unknown>): StoredCursor {
  return { user: user as UserId, delivered: Number(delivered ?? 0) as Seq, read: Number(read ?? 0) as Seq }
}
