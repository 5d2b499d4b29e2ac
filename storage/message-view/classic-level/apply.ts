import type { AppId, ConversationId, Seq, UserId } from '@chat4all/protocol'
import type { ConversationChange, StoredCursor } from '../port.js'
import { type Database, type RowChanges, writeRows } from './database.js'
import { encodeHead, type Head } from './head-row.js'
import type { Heads } from './heads.js'
import { cursorKey, dataKey, headKey, memberKey, userKey } from './keys.js'
import { addIds } from './message-ids.js'
import { PendingChange } from './pending-change.js'
import { RecentlyUsed } from './recently-used.js'
import {
  decodeCursor,
  decodeData,
  decodeLabelled,
  decodeMember,
  encodeCursor,
  encodeData,
  encodeMember,
  laterCursor,
} from './rows.js'

const CURSORS_CACHED_MAX = 50_000

/** What the caches must know once it is written. */
interface Written {
  readonly heads: readonly (readonly [ConversationId, Head])[]
  readonly cursors: readonly (readonly [string, StoredCursor])[]
}

/**
 * Applies changes, one call after the other: each compares with what the last one wrote. All of a call is one atomic,
 * synced write, so a conversation's head, messages and ids never disagree, and when it resolves the log may be dropped.
 */
export class Applier {
  private readonly database: Database
  private readonly heads: Heads
  private readonly cursors = new RecentlyUsed<string, StoredCursor>(CURSORS_CACHED_MAX)

  constructor(database: Database, heads: Heads) {
    this.database = database
    this.heads = heads
  }

  async apply(changes: readonly ConversationChange[]): Promise<void> {
    const written = await writeRows(this.database, true, (rows) => this.change(changes, rows))
    // The caches follow only what is known to be written.
    for (const [conversation, head] of written.heads) this.heads.set(conversation, head)
    for (const [key, cursor] of written.cursors) this.cursors.set(key, cursor)
  }

  private async change(changes: readonly ConversationChange[], rows: RowChanges): Promise<Written> {
    const pending = await this.gather(changes, rows)
    const heads: [ConversationId, Head][] = []
    for (const one of pending) {
      if (one.data !== undefined || one.labels !== undefined) await this.changeData(one, rows)
      if (one.members.size > 0) await this.changeMembers(one, rows)
      if (one.ids.length === 0) continue
      const added = addIds(this.database, one.conversation, one.head, one.ids, rows)
      // Waiting for what is there already would cost a turn of promises per conversation.
      const grown = added instanceof Promise ? await added : added
      const head = one.expiring && !grown.expiring ? { ...grown, expiring: true } : grown
      rows.put(headKey(one.conversation), encodeHead(head))
      heads.push([one.conversation, head])
    }
    return { heads, cursors: await this.changeCursors(pending, rows) }
  }

  private async gather(changes: readonly ConversationChange[], rows: RowChanges): Promise<PendingChange[]> {
    const pending = new Map<ConversationId, PendingChange>()
    const heads = await this.heads.getMany(new Set(changes.map(({ conversation }) => conversation)))
    for (const change of changes) {
      const { conversation } = change
      let one = pending.get(conversation)
      if (one === undefined) {
        one = new PendingChange(conversation, heads.get(conversation)!)
        pending.set(conversation, one)
      }
      one.add(change, rows)
    }
    return [...pending.values()]
  }

  /** What a conversation is made with never changes, but for its labels, of which the newest stay. */
  private async changeData({ conversation, data, labels }: PendingChange, rows: RowChanges): Promise<void> {
    const row = await this.database.get(dataKey(conversation))
    const stored = row && decodeLabelled(row)
    const base = stored ?? data
    if (base === undefined) throw new Error(`labels of ${conversation} came before the conversation itself`)
    const version = stored?.version ?? (0 as Seq)
    const isNewer = labels !== undefined && labels.version >= version
    rows.put(dataKey(conversation), encodeData(isNewer ? { ...base, ...labels } : { ...base, version }))
  }

  private async changeMembers({ conversation, data, members }: PendingChange, rows: RowChanges): Promise<void> {
    const app = data?.app ?? (await this.appOf(conversation))
    const changed = [...members.values()]
    const stored = await this.database.getMany(changed.map(({ user }) => memberKey(conversation, user)))
    for (const [i, member] of changed.entries()) {
      const row = stored[i]
      if (row !== undefined && decodeMember(member.user, row).version > member.version) continue
      rows.put(memberKey(conversation, member.user), encodeMember(member))
      const key = userKey(app, member.user, conversation)
      rows.put(key, member.present ? NO_BYTES : LEFT)
    }
  }

  private async appOf(conversation: ConversationId): Promise<AppId> {
    const row = await this.database.get(dataKey(conversation))
    if (row === undefined) throw new Error(`members of ${conversation} came before the conversation itself`)
    return decodeData(row).app
  }

  /** Returns the cursors to remember once they are written. */
  private async changeCursors(pending: readonly PendingChange[], rows: RowChanges): Promise<[string, StoredCursor][]> {
    const changed: [string, StoredCursor][] = []
    const unknown: { conversation: ConversationId; cursor: StoredCursor; key: Buffer }[] = []
    const compare = (conversation: ConversationId, cursor: StoredCursor, stored: StoredCursor | undefined) => {
      const later = laterCursor(cursor, stored)
      changed.push([cacheKey(conversation, cursor.user), later])
      if (later.delivered === stored?.delivered && later.read === stored.read) return
      rows.put(cursorKey(conversation, cursor.user), encodeCursor(later))
    }
    for (const { conversation, cursors } of pending) {
      for (const cursor of cursors.values()) {
        const cached = this.cursors.get(cacheKey(conversation, cursor.user))
        if (cached !== undefined) compare(conversation, cursor, cached)
        else unknown.push({ conversation, cursor, key: cursorKey(conversation, cursor.user) })
      }
    }
    if (unknown.length > 0) {
      const stored = await this.database.getMany(unknown.map(({ key }) => key))
      for (const [i, { conversation, cursor }] of unknown.entries()) {
        const row = stored[i]
        compare(conversation, cursor, row === undefined ? undefined : decodeCursor(cursor.user, row))
      }
    }
    return changed
  }
}

const NO_BYTES = Buffer.alloc(0)
/** Who looks for all that a user ever said looks here too. */
const LEFT = Buffer.from([1])

// A conversation id has no '/' (protocol/schema/parts.ts), so two pairs never share a key.
const cacheKey = (conversation: ConversationId, user: UserId): string => `${conversation}/${user}`
