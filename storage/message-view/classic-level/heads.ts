import type { ConversationId } from '@chat4all/protocol'
import type { Database } from './database.js'
import { decodeHead, type Head, NEW_HEAD } from './head-row.js'
import { headKey } from './keys.js'
import { RecentlyUsed } from './recently-used.js'

const HEADS_CACHED_MAX = 50_000

/** The heads of conversations: the rows, and those used lately in memory. */
export class Heads {
  private readonly database: Database
  private readonly cache = new RecentlyUsed<ConversationId, Head>(HEADS_CACHED_MAX)

  constructor(database: Database) {
    this.database = database
  }

  /** As last written, or as written shortly before. */
  async get(conversation: ConversationId): Promise<Head> {
    return this.cache.get(conversation) ?? headOf(await this.database.get(headKey(conversation)))
  }

  /** For the one who writes heads: as last written. */
  async getMany(conversations: ReadonlySet<ConversationId>): Promise<Map<ConversationId, Head>> {
    const heads = new Map<ConversationId, Head>()
    const missing: ConversationId[] = []
    for (const conversation of conversations) {
      const head = this.cache.get(conversation)
      if (head === undefined) missing.push(conversation)
      else heads.set(conversation, head)
    }
    if (missing.length > 0) {
      const rows = await this.database.getMany(missing.map(headKey))
      for (const [i, conversation] of missing.entries()) heads.set(conversation, headOf(rows[i]))
    }
    return heads
  }

  /** Call when the row has been written. */
  set(conversation: ConversationId, head: Head): void {
    this.cache.set(conversation, head)
  }
}

export const headOf = (row: Buffer | undefined): Head => (row === undefined ? NEW_HEAD : decodeHead(row))
