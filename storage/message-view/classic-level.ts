import type { AppId, ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'
import { Applier } from './classic-level/apply.js'
import { type Database, openDatabase } from './classic-level/database.js'
import { eraseAll, eraseUser } from './classic-level/erase.js'
import { Heads, headOf } from './classic-level/heads.js'
import {
  conversationOfUserKey,
  conversationsOfUser,
  cursorsOf,
  dataKey,
  headKey,
  membersOf,
  risesOf,
  userOfKey,
} from './classic-level/keys.js'
import { findId } from './classic-level/message-ids.js'
import { readMessages } from './classic-level/read-messages.js'
import { decodeCursor, decodeData, decodeMember, decodeTime } from './classic-level/rows.js'
import { sweep } from './classic-level/sweep.js'
import { portionsOf } from './erasures.js'
import type {
  ConversationChange,
  MessageRange,
  MessageView,
  StoredConversation,
  StoredMessage,
  StoredReceipt,
  StoredRise,
} from './port.js'
import { isFailureOfFiles, ViewFailedError } from './view-failed-error.js'

export interface ClassicLevelViewOptions {
  /** Belongs to this adapter alone; LevelDB locks it. */
  readonly folder: string
}

/**
 * Opens the message view of one shard-node in LevelDB. How its rows look: classic-level/keys.ts.
 * @throws DamagedFileError
 */
export async function openClassicLevelView(options: ClassicLevelViewOptions): Promise<MessageView> {
  return new ClassicLevelView(await openDatabase(options.folder))
}

class ClassicLevelView implements MessageView {
  private readonly database: Database
  private readonly heads: Heads
  private readonly applier: Applier
  private lastWrite: Promise<unknown> = Promise.resolve()
  private failure: ViewFailedError | undefined

  constructor(database: Database) {
    this.database = database
    this.heads = new Heads(database)
    this.applier = new Applier(database, this.heads)
  }

  apply(changes: readonly ConversationChange[]): Promise<void> {
    return this.write(async () => {
      for (const portion of portionsOf(changes)) {
        await this.applier.apply(portion.changes)
        if (portion.erases !== undefined) await this.erase(portion.erases)
      }
    })
  }

  private async erase({ app, conversation, erase }: ConversationChange): Promise<void> {
    const { upto, user } = erase!
    if (user === undefined) await eraseAll(this.database, this.heads, { app, conversation, upto })
    else await eraseUser(this.database, { conversation, user, upto })
  }

  sweep(now: Millis, limit: number): Promise<number> {
    return this.write(() => sweep(this.database, this.heads, now, limit))
  }

  /** Writers read rows and write what follows from them: one at a time. */
  private write<Result>(run: () => Promise<Result>): Promise<Result> {
    const written = this.lastWrite.then(() => this.unlessFailed(run))
    this.lastWrite = written.catch(() => {})
    return written
  }

  /** After a write that failed nobody knows how its journal ends: what came behind it could be lost at the next start. */
  private async unlessFailed<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.failure !== undefined) throw this.failure
    try {
      return await run()
    } catch (error) {
      if (!isFailureOfFiles(error)) throw error
      this.failure = new ViewFailedError(error)
      throw this.failure
    }
  }

  async load(conversation: ConversationId): Promise<StoredConversation | undefined> {
    // One moment for all rows: a member without its cursor, or a head without its messages, is never seen.
    const snapshot = this.database.snapshot()
    try {
      const [data, head] = await this.database.getMany([dataKey(conversation), headKey(conversation)], { snapshot })
      if (data === undefined) return undefined
      const members = await this.database.iterator({ ...membersOf(conversation), snapshot }).all()
      const cursors = await this.database.iterator({ ...cursorsOf(conversation), snapshot }).all()
      const { head: last, first } = headOf(head)
      return {
        data: decodeData(data),
        members: members.map(([key, row]) => decodeMember(userOfKey(key), row)),
        cursors: cursors.map(([key, row]) => decodeCursor(userOfKey(key), row)),
        head: last,
        first,
      }
    } finally {
      await snapshot.close()
    }
  }

  async messages(conversation: ConversationId, range: MessageRange): Promise<StoredMessage[]> {
    return readMessages(this.database, conversation, await this.heads.get(conversation), range)
  }

  async find(conversation: ConversationId, messageId: Uint8Array): Promise<Seq | undefined> {
    return findId(this.database, conversation, await this.heads.get(conversation), messageId)
  }

  async receipts(conversation: ConversationId, seq: Seq, users: readonly UserId[]): Promise<StoredReceipt[]> {
    const since = async (user: UserId, kind: StoredRise['kind']): Promise<Millis | undefined> => {
      const [rise] = await this.database.iterator({ ...risesOf(conversation, user, kind, seq), limit: 1 }).all()
      return rise && decodeTime(rise[1])
    }
    return Promise.all(
      users.map(async (user) => {
        const [delivered, read] = await Promise.all([since(user, 'delivered'), since(user, 'read')])
        return { user, ...(delivered !== undefined && { delivered }), ...(read !== undefined && { read }) }
      }),
    )
  }

  async conversationsOf(app: AppId, user: UserId, left = false): Promise<ConversationId[]> {
    const rows = await this.database.iterator(conversationsOfUser(app, user)).all()
    return rows.filter(([, row]) => left || row.length === 0).map(([key]) => conversationOfUserKey(key))
  }

  async close(): Promise<void> {
    await this.lastWrite
    await this.database.close()
  }
}
