import type {
  AppId,
  ConversationChange,
  ConversationData,
  ConversationId,
  Erasure,
  MessageBatch,
  Millis,
  Offset,
  Seq,
  StoredCursor,
  StoredLabels,
  StoredMember,
  StoredRise,
  UserId,
} from '@chat4all/protocol'
import { concatenate } from './concatenate.js'
import { hasElapsed } from './elapsed.js'

/**
 * Gathers what was committed into changes of the message view, by conversation, so that one write of the view serves
 * many flushes. Only committed entries come here: the view never shows what a recovery might not find.
 */
export class ChangeSet {
  private readonly changes = new Map<ConversationId, ChangeBuilder>()
  /** Ended by an erasure: what follows in their conversations is another change. */
  private readonly ended: ChangeBuilder[] = []
  private readonly erases: boolean
  /** Who joined what, so that a list of conversations can be complete before the view is. */
  private readonly joins = new Map<string, Set<ConversationId>>()
  bytes = 0

  /** @param erases off (rule `recoverErasures`): the view is not told of erasures */
  constructor(erases = true) {
    this.erases = erases
  }

  get empty(): boolean {
    return this.changes.size === 0 && this.ended.length === 0
  }

  of(conversation: ConversationId, app: AppId): ChangeBuilder {
    let builder = this.changes.get(conversation)
    if (builder === undefined) {
      builder = new ChangeBuilder(conversation, app)
      this.changes.set(conversation, builder)
    }
    return builder
  }

  /** Erases, behind all that was gathered of the conversation so far. */
  erase(conversation: ConversationId, app: AppId, erasure: Erasure): void {
    if (!this.erases) return
    const builder = this.of(conversation, app)
    builder.erasure = erasure
    this.ended.push(builder)
    this.changes.delete(conversation)
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
    return [...this.ended, ...this.changes.values()].map((builder) => builder.build())
  }
}

export class ChangeBuilder {
  private readonly conversation: ConversationId
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

/** When the gathered changes go to the view: one write at a time, after a while or when there is much. */
export class Materialiser {
  private readonly limits: { readonly materialiseAfterMs: number; readonly materialiseBytes: number }
  private gathering = new ChangeSet()
  private gatheringSince = 0 as Millis
  private applying:
    | { readonly set: ChangeSet; readonly changes: ConversationChange[]; readonly upTo: Offset }
    | undefined
  /** First offset whose entry is not gathered. */
  private gatheredUpTo = 0 as Offset
  /** First offset whose entry the view does not have. */
  materialised = 0 as Offset

  constructor(limits: { readonly materialiseAfterMs: number; readonly materialiseBytes: number }) {
    this.limits = limits
  }

  /** Committed bytes that the view does not have. */
  get lagBytes(): number {
    return this.gathering.bytes + (this.applying?.set.bytes ?? 0)
  }

  /** Conversations that the user joined and the view may not list yet. */
  recentlyJoined(app: AppId, user: UserId): ConversationId[] {
    return [...this.gathering.joinedBy(app, user), ...(this.applying?.set.joinedBy(app, user) ?? [])]
  }

  /** Where the changes of the entry at `offset` go. */
  gather(offset: Offset, bytes: number, now: Millis): ChangeSet {
    if (this.gathering.empty) this.gatheringSince = now
    this.gathering.bytes += bytes
    this.gatheredUpTo = (offset + 1) as Offset
    return this.gathering
  }

  /** The next write of the view, when it is time and none is under way. `force`: as soon as possible. */
  next(
    now: Millis,
    force = false,
  ): { readonly changes: readonly ConversationChange[]; readonly upTo: Offset } | undefined {
    if (this.applying !== undefined) return undefined
    if (this.gathering.empty) {
      // What says nothing to the view is in it.
      this.gathering.bytes = 0
      this.materialised = this.gatheredUpTo
      return undefined
    }
    const due =
      force ||
      hasElapsed(this.limits.materialiseAfterMs, this.gatheringSince, now) ||
      this.gathering.bytes >= this.limits.materialiseBytes
    if (!due) return undefined
    this.applying = { set: this.gathering, changes: this.gathering.build(), upTo: this.gatheredUpTo }
    this.gathering = new ChangeSet()
    return this.applying
  }

  /** The write under way, to be made again after a failure. */
  again(upTo: Offset): { readonly changes: readonly ConversationChange[]; readonly upTo: Offset } | undefined {
    return this.applying?.upTo === upTo ? this.applying : undefined
  }

  applied(upTo: Offset): readonly ConversationChange[] {
    const applying = this.applying
    if (applying === undefined || applying.upTo !== upTo) return []
    this.applying = undefined
    this.materialised = upTo
    return applying.changes
  }
}
