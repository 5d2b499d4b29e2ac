import type { ConversationId, ConversationInfo, Member, Seq, StoredPayload, UserId } from '@chat4all/protocol'
import type { ConversationView } from './conversation-view.js'
import { Erasures } from './erasure.js'
import type { Message, MessageStatus } from './message.js'
import type { OwnCursors } from './receipt-sender.js'
import type { Sequence } from './sequence.js'

type MembershipPayload = Extract<StoredPayload, { type: 'membership' }>

/** What a client knows of one conversation. No messages are kept but the newest. */
export class Conversation implements OwnCursors {
  readonly id: ConversationId
  readonly sequence: Sequence
  readonly erasures = new Erasures()
  delivered = 0 as Seq
  read = 0 as Seq
  toldDelivered = 0 as Seq
  toldRead = 0 as Seq
  /** The server has said that it delivers up to here by itself. */
  promisedUpto = 0 as Seq
  /** The server has told of it in this session. */
  isConfirmed = false
  /** Who writes has read what was there: not told to the server, which sees the message. */
  private ownUpto = 0 as Seq
  private info: ConversationInfo | undefined
  /** Head when `info` was made: later messages of membership change the members. */
  private infoHead = 0 as Seq
  private memberCount = 0
  private members: Map<UserId, Member> | undefined
  private last: Message | undefined
  private readonly typingUntil = new Map<UserId, number>()
  private readonly online = new Set<UserId>()
  private snapshot: ConversationView | undefined

  constructor(id: ConversationId, sequence: Sequence) {
    this.id = id
    this.sequence = sequence
  }

  get isKnown(): boolean {
    return this.info !== undefined
  }

  /** The server knows less of this user's cursors than we do. */
  get hasUntoldCursors(): boolean {
    return this.delivered > this.toldDelivered || this.read > this.toldRead
  }

  get newestAt(): number {
    return this.last?.time ?? this.info?.created ?? 0
  }

  /** Call after any change: the next view is made anew. */
  touch(): void {
    this.snapshot = undefined
  }

  /** Takes over what the server says of the conversation. */
  update(info: ConversationInfo, last: Message | undefined): void {
    if (this.info !== undefined && info.head < this.infoHead) return
    this.info = info
    this.isConfirmed = true
    this.infoHead = info.head
    this.memberCount = info.member_count
    this.members = info.members && new Map(info.members.map((member) => [member.user, member]))
    this.toldDelivered = info.delivered
    this.toldRead = info.read
    if (info.delivered > this.delivered) this.delivered = info.delivered
    if (info.read > this.read) this.read = info.read
    if (this.last !== undefined && this.last.seq < info.first) this.last = undefined
    if (last !== undefined) this.newest(last)
    this.touch()
  }

  /** The server's history begins anew: what was known of cursors means nothing now. */
  restartAt(head: Seq): void {
    this.sequence.restartAt(head)
    this.delivered = Math.min(this.info?.delivered ?? 0, head) as Seq
    this.read = Math.min(this.info?.read ?? 0, head) as Seq
    this.ownUpto = 0 as Seq
    this.last = undefined
    this.touch()
  }

  private newest(message: Message): void {
    if (this.last === undefined || message.seq >= this.last.seq) this.last = message
    if (message.own && message.seq > this.ownUpto) this.ownUpto = message.seq
  }

  /** A new message is told. */
  noteMessage(message: Message): void {
    this.newest(message)
    const { payload } = message
    if (payload.type === 'membership' && message.seq > this.infoHead) this.change(payload)
    this.touch()
  }

  private change({ added, removed, promoted = [], demoted = [], metadata }: MembershipPayload): void {
    this.changeMembers(added, removed)
    for (const [role, users] of [['admin', promoted] as const, ['member', demoted] as const]) {
      for (const user of users) {
        const member = this.members?.get(user)
        if (member !== undefined) this.members!.set(user, { ...member, role })
      }
    }
    if (metadata !== undefined && this.info !== undefined) this.info = { ...this.info, metadata }
  }

  private changeMembers(added: readonly UserId[], removed: readonly UserId[]): void {
    if (this.members === undefined) {
      this.memberCount += added.length - removed.length
      return
    }
    for (const user of added) {
      if (!this.members.has(user)) {
        this.members.set(user, { user, role: 'member', delivered: 0 as Seq, read: 0 as Seq })
      }
    }
    for (const user of removed) this.members.delete(user)
    this.memberCount = this.members.size
  }

  /** A member's cursors; lower ones, which came late, change nothing. */
  noteReceipts(user: UserId, delivered: Seq, read: Seq): void {
    const member = this.members?.get(user)
    if (member === undefined) return
    if (delivered > member.delivered) member.delivered = delivered
    if (read > member.read) member.read = read
    this.touch()
  }

  /** This user's cursors were moved, here or on another device. */
  noteOwnReceipts(delivered: Seq, read: Seq): void {
    if (delivered > this.toldDelivered) this.toldDelivered = delivered
    if (read > this.toldRead) this.toldRead = read
    if (delivered > this.delivered) this.delivered = delivered
    if (read > this.read) this.read = read
    this.touch()
  }

  /** True when this is news. */
  noteTyping(user: UserId, until: number | undefined): boolean {
    const typed = this.typingUntil.has(user)
    if (until === undefined) this.typingUntil.delete(user)
    else this.typingUntil.set(user, until)
    if (typed === (until !== undefined)) return false
    this.touch()
    return true
  }

  /** Who has not repeated that it types. */
  expiredTyping(now: number): UserId[] {
    return [...this.typingUntil].filter(([, until]) => until <= now).map(([user]) => user)
  }

  /** When the next member's typing expires, if one types. */
  get typingExpiresAt(): number | undefined {
    return this.typingUntil.size === 0 ? undefined : Math.min(...this.typingUntil.values())
  }

  /** True when this is news. */
  notePresence(user: UserId, online: boolean): boolean {
    if (this.online.has(user) === online) return false
    if (online) this.online.add(user)
    else this.online.delete(user)
    this.touch()
    return true
  }

  /** Who types and who is online is not known any more. True when this changes what was shown. */
  sessionEnded(): boolean {
    this.sequence.sessionEnded()
    this.infoHead = 0 as Seq
    this.promisedUpto = 0 as Seq
    this.isConfirmed = false
    if (this.typingUntil.size + this.online.size === 0) return false
    this.typingUntil.clear()
    this.online.clear()
    this.touch()
    return true
  }

  /** How far the own message at `seq` got. */
  statusOf(seq: Seq, user: UserId | undefined): MessageStatus {
    if (this.members === undefined) {
      const others = Math.max(0, this.memberCount - 1)
      return { state: 'sent', deliveredTo: undefined, readBy: undefined, others }
    }
    let others = 0
    let deliveredTo = 0
    let readBy = 0
    for (const member of this.members.values()) {
      if (member.user === user) continue
      others++
      if (member.delivered >= seq) deliveredTo++
      if (member.read >= seq) readBy++
    }
    const all = (count: number) => others > 0 && count === others
    return { state: all(readBy) ? 'read' : all(deliveredTo) ? 'delivered' : 'sent', deliveredTo, readBy, others }
  }

  /** The conversation for the application; the same object until something changes. Undefined until it was told. */
  view(user: UserId | undefined): ConversationView | undefined {
    const { info } = this
    if (info === undefined) return undefined
    this.snapshot ??= this.takeSnapshot(info, user)
    return this.snapshot
  }

  private takeSnapshot(info: ConversationInfo, user: UserId | undefined): ConversationView {
    const members = this.members && [...this.members.values()].map((member) => ({ ...member }))
    const { head } = this.sequence
    return {
      id: this.id,
      type: info.type,
      head,
      first: info.first,
      memberCount: this.memberCount,
      members,
      peer: info.type === 'private' ? members?.find((member) => member.user !== user)?.user : undefined,
      delivered: this.delivered,
      read: this.read,
      unread: Math.max(0, head - Math.max(this.read, this.ownUpto)),
      created: info.created,
      metadata: info.metadata ?? {},
      ttl: info.ttl,
      last: this.last,
      typing: [...this.typingUntil.keys()],
      online: [...this.online],
    }
  }
}
