import {
  type AppId,
  type ConversationChange,
  type ConversationData,
  type ConversationId,
  type Erasure,
  type MessageBatch,
  type Millis,
  type Seq,
  type Slot,
  type StoredCursor,
  type StoredLabels,
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
  /** Of each conversation one change, and one more behind each erasure and each gap: in their order. */
  private readonly changes = new Map<ConversationId, ChangeBuilder[]>()
  /** How many conversations of each slot are in it. */
  private readonly slots = new Map<Slot, number>()
  /** Who joined what, so that a list of conversations can be complete before the view is. */
  private readonly joins = new Map<string, Set<ConversationId>>()
  bytes = 0
  private readonly erases: boolean

  /** @param erases off (rule `recoverErasures`): the view is not told of erasures */
  constructor(erases = true) {
    this.erases = erases
  }

  get empty(): boolean {
    return this.changes.size === 0
  }

  of(conversation: ConversationId, app: AppId): ChangeBuilder {
    const builders = this.changes.get(conversation)
    const last = builders?.at(-1)
    if (last !== undefined && last.erasure === undefined) return last
    const builder = new ChangeBuilder(conversation, app)
    if (builders !== undefined) builders.push(builder)
    else {
      this.changes.set(conversation, [builder])
      this.slots.set(builder.slot, (this.slots.get(builder.slot) ?? 0) + 1)
    }
    return builder
  }

  /**
   * What messages from `first` on are added to. They need not follow those before: of a slot that left and came back a
   * log lacks what was said meanwhile.
   */
  from(first: Seq, conversation: ConversationId, app: AppId): ChangeBuilder {
    const last = this.of(conversation, app)
    if (last.continuesAt(first)) return last
    const builder = new ChangeBuilder(conversation, app)
    this.changes.get(conversation)!.push(builder)
    return builder
  }

  /** Erases, behind all that was gathered of the conversation so far: what follows is another change. */
  erase(conversation: ConversationId, app: AppId, erasure: Erasure): void {
    if (this.erases) this.of(conversation, app).erasure = erasure
  }

  /** Conversations in it. */
  get size(): number {
    return this.changes.size
  }

  hasSlot(slot: Slot): boolean {
    return this.slots.has(slot)
  }

  /** Takes out what `wanted` says, `max` conversations at most. */
  take(max: number, wanted: (conversation: ConversationId, slot: Slot) => boolean): ChangeBuilder[] {
    const taken: ChangeBuilder[][] = []
    for (const [conversation, builders] of this.changes) {
      if (taken.length >= max) break
      const { slot } = builders[0]!
      if (!wanted(conversation, slot)) continue
      taken.push(builders)
      this.changes.delete(conversation)
      const left = this.slots.get(slot)! - 1
      if (left === 0) this.slots.delete(slot)
      else this.slots.set(slot, left)
    }
    return taken.flat()
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
    return [...this.changes.values()].flat().map((builder) => builder.build())
  }
}

export class ChangeBuilder {
  readonly conversation: ConversationId
  readonly slot: Slot
  private readonly app: AppId
  data: ConversationData | undefined
  labels: StoredLabels | undefined
  erasure: Erasure | undefined
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

  /** Whether messages from there on follow those added before without a gap. */
  continuesAt(first: Seq): boolean {
    return this.lengths.length === 0 || first === this.lastSeq + 1
  }

  /** Messages that follow those added before without a gap: of what {@link ChangeSet.from} gives. */
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
      ...(this.labels !== undefined && { labels: this.labels }),
      ...(this.erasure !== undefined && { erase: this.erasure }),
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
