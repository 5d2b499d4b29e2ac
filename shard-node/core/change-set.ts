import {
  type AppId,
  type ConversationChange,
  type ConversationData,
  type ConversationId,
  type MessageBatch,
  type Millis,
  type Seq,
  type Slot,
  type StoredCursor,
  type StoredMember,
  type StoredRise,
  slotOf,
  type UserId,
} from '@chat4all/protocol'
import { concatenate } from './concatenate.js'

/**
 * Gathers what was committed into changes of the message view, by conversation, so that one write of the view serves
 * many flushes. Only committed entries come here: the view never shows what a recovery might not find.
 */
export class ChangeSet {
  private readonly changes = new Map<ConversationId, ChangeBuilder>()
  /** How many conversations of each slot are in it. */
  private readonly slots = new Map<Slot, number>()
  /** Who joined what, so that a list of conversations can be complete before the view is. */
  private readonly joins = new Map<string, Set<ConversationId>>()
  bytes = 0

  get empty(): boolean {
    return this.changes.size === 0
  }

  of(conversation: ConversationId, app: AppId): ChangeBuilder {
    let builder = this.changes.get(conversation)
    if (builder === undefined) {
      builder = new ChangeBuilder(conversation, app)
      this.changes.set(conversation, builder)
      this.slots.set(builder.slot, (this.slots.get(builder.slot) ?? 0) + 1)
    }
    return builder
  }

  get size(): number {
    return this.changes.size
  }

  hasSlot(slot: Slot): boolean {
    return this.slots.has(slot)
  }

  /** Takes out what `wanted` says, `max` conversations at most. */
  take(max: number, wanted: (conversation: ConversationId, slot: Slot) => boolean): ChangeBuilder[] {
    const taken: ChangeBuilder[] = []
    for (const [conversation, builder] of this.changes) {
      if (taken.length >= max) break
      if (!wanted(conversation, builder.slot)) continue
      taken.push(builder)
      this.changes.delete(conversation)
      const left = this.slots.get(builder.slot)! - 1
      if (left === 0) this.slots.delete(builder.slot)
      else this.slots.set(builder.slot, left)
    }
    return taken
  }

  join(app: AppId, user: UserId, conversation: ConversationId): void {
    const key = `${app}/${user}`
    const joined = this.joins.get(key)
    if (joined === undefined) this.joins.set(key, new Set([conversation]))
    else joined.add(conversation)
  }

  joinedBy(app: AppId, user: UserId): Iterable<ConversationId> {
    return this.joins.get(`${app}/${user}`) ?? []
  }

  build(): ConversationChange[] {
    return Array.from(this.changes.values(), (builder) => builder.build())
  }
}

export class ChangeBuilder {
  readonly conversation: ConversationId
  readonly slot: Slot
  private readonly app: AppId
  data: ConversationData | undefined
  private members: Map<UserId, StoredMember> | undefined
  private cursors: Map<UserId, StoredCursor> | undefined
  readonly rises: StoredRise[] = []
  private firstSeq = 0 as Seq
  private lastSeq = 0 as Seq
  private readonly chunks: Uint8Array[] = []
  private readonly lengths: number[] = []
  private readonly ids: Uint8Array[] = []
  private expires: Millis[] | undefined

  constructor(conversation: ConversationId, app: AppId) {
    this.conversation = conversation
    this.slot = slotOf(conversation)
    this.app = app
  }

  member(member: StoredMember): void {
    this.members ??= new Map()
    this.members.set(member.user, member)
  }

  cursor(cursor: StoredCursor): void {
    this.cursors ??= new Map()
    this.cursors.set(cursor.user, cursor)
  }

  /** Messages that follow those added before without a gap. */
  messages(
    first: Seq,
    bytes: Uint8Array,
    lengths: readonly number[],
    ids: readonly Uint8Array[],
    expires: readonly Millis[] | undefined,
  ): void {
    if (this.lengths.length === 0) this.firstSeq = first
    if (expires !== undefined && this.expires === undefined) this.expires = this.lengths.map(() => 0 as Millis)
    this.chunks.push(bytes)
    for (let i = 0; i < lengths.length; i++) {
      this.lengths.push(lengths[i]!)
      this.ids.push(ids[i]!)
      this.expires?.push(expires?.[i] ?? (0 as Millis))
    }
    this.lastSeq = (first + lengths.length - 1) as Seq
  }

  build(): ConversationChange {
    return {
      conversation: this.conversation,
      app: this.app,
      ...(this.data !== undefined && { data: this.data }),
      ...(this.members !== undefined && { members: [...this.members.values()] }),
      ...(this.cursors !== undefined && { cursors: [...this.cursors.values()] }),
      ...(this.rises.length > 0 && { rises: this.rises }),
      ...(this.lengths.length > 0 && { messages: this.batch() }),
    }
  }

  private batch(): MessageBatch {
    return {
      firstSeq: this.firstSeq,
      lastSeq: this.lastSeq,
      bytes: this.chunks.length === 1 ? this.chunks[0]! : concatenate(this.chunks),
      lengths: this.lengths,
      messageIds: concatenate(this.ids),
      ...(this.expires !== undefined && { expires: this.expires }),
    }
  }
}
