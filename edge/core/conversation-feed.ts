import {
  type Answer,
  type AppId,
  type ConversationId,
  type ConversationInfo,
  MEMBERS_LISTED_MAX,
  type Seq,
  type Slot,
  slotOf,
  type UserId,
} from '@chat4all/protocol'
import { CatchUp, NO_END } from './catch-up.js'
import type { EdgeContext } from './edge-context.js'
import { cut, deliverFrame, encodeFrame, type MessageRange, type Portion, portionOf } from './encoded-frames.js'
import type { FeedUser } from './feed-user.js'
import { portionAt } from './range-reads.js'
import { RecentFanouts } from './recent-fanouts.js'
import type { Session } from './session.js'

/** No subscription was ever answered: nothing is known of what is live. */
const UNKNOWN = -1 as Seq

/**
 * A conversation with sessions of members on this edge: what the owner sends goes to every session that has all that
 * came before (encoded once), the others catch up. A session is either caught up or has its own cursor, never both,
 * and changes from one to the other within one step: so each sees every message once, in order (invariant 7).
 *
 * A gap in what the owner sends (it changed, say) turns every session into one that catches up. There is no other
 * repair, and so none that could go wrong only there.
 */
export class ConversationFeed {
  readonly edge: EdgeContext
  readonly id: ConversationId
  readonly app: AppId
  readonly slot: Slot
  /** Its place in the list of its slot's feeds. */
  slotIndex = -1
  /** Highest seq that this edge was told of. */
  live: Seq = UNKNOWN
  /** Lowest seq that may still exist, as far as we were told. */
  first = 1 as Seq
  users: readonly FeedUser[] = []
  /** Sessions that have everything up to `live`. Replaced or added to at the end, so that a loop over it may write. */
  private sessions: Session[] = []
  private catching: Set<CatchUp> | undefined
  private recent: RecentFanouts | undefined
  /** Members that are online anywhere, for small conversations. */
  private online: readonly UserId[] = NOBODY
  private memberCount = 0

  constructor(edge: EdgeContext, id: ConversationId, app: AppId) {
    this.edge = edge
    this.id = id
    this.app = app
    this.slot = slotOf(id)
  }

  /** Nobody here needs it any more. */
  get abandoned(): boolean {
    return this.users.length === 0 && this.catching === undefined
  }

  /** Members get each other's presence and receipts only in conversations where that is not a flood. */
  private get small(): boolean {
    return this.memberCount <= MEMBERS_LISTED_MAX
  }

  // --- from the owner ------------------------------------------------------------------------------------------------

  subscribed({ head, first, online }: Extract<Answer, { type: 'subscribed' }>): void {
    if (first > this.first) this.first = first
    this.online = online.length === 0 ? NOBODY : online
    if (this.live === UNKNOWN) {
      this.live = head
      this.beginAll()
    } else if (head > this.live && this.edge.rules.subscribeBeforeRead) this.raise(head)
  }

  private beginAll(): void {
    for (const user of this.users) {
      const { starts } = user
      user.starts = undefined
      for (const { session, cursor, info } of starts ?? []) {
        this.begin(user, session, cursor, info)
        session.started()
      }
    }
  }

  /** There is more than this edge was sent: everybody reads it. */
  private raise(head: Seq): void {
    const behind = this.sessions
    this.sessions = []
    for (const session of behind) this.catchUp(session, this.live)
    this.live = head
    this.pumpAll()
    if (this.catching === undefined) this.recent = undefined
  }

  /**
   * No member is left here, so nothing is sent any more. Who was removed at a seq that was announced, but whose messages
   * went down with the old owner's link, reads up to there: it was committed before it was announced.
   */
  readToEnds(): void {
    let end = this.live
    for (const { until } of this.catching ?? []) if (until !== NO_END && until > end) end = until
    if (end > this.live) this.raise(end)
  }

  fanout(range: MessageRange): void {
    const { live } = this
    // Unknown: of an older subscription; the one under way will tell a head that is not below it.
    if (live === UNKNOWN || range.upto <= live) return
    if (range.after > live) {
      this.keep(portionOf(this.id, range))
      this.raise(range.upto)
      return
    }
    const fresh = range.after < live ? cut(range, live, range.upto) : range
    const { sessions } = this
    let frame: Uint8Array
    if (this.catching === undefined) frame = deliverFrame(this.id, fresh)
    else {
      const portion = portionOf(this.id, fresh)
      frame = portion.frame
      this.keep(portion)
    }
    this.live = fresh.upto
    for (let i = 0; i < sessions.length; i++) sessions[i]!.write(frame)
    if (sessions.length > 0) this.edge.events.delivered(fresh.count, sessions.length)
    if (this.catching !== undefined) this.pumpAll()
  }

  private keep(portion: Portion): void {
    const { config } = this.edge
    this.recent ??= new RecentFanouts(config.recentCountMax, config.recentBytesMax)
    this.recent.push(portion)
  }

  /** Receipts, to everybody in small conversations, else to the user's own devices, whose unread count they clear. */
  marks(
    items: readonly { readonly user: UserId; readonly delivered: Seq; readonly read: Seq; readonly time: number }[],
  ): void {
    for (const item of items) {
      if (!this.small && !this.users.some((user) => user.id === item.user)) continue
      const { user, delivered, read, time } = item
      const frame = encodeFrame({ t: 'receipts', conversation: this.id, user, delivered, read, time: time as never })
      this.everySession((session) => {
        if (this.small || session.user?.id === user) session.writeReceipts(frame)
      })
    }
  }

  signalled(user: UserId, on: boolean): void {
    const frame = encodeFrame({ t: 'typing_event', conversation: this.id, user, on })
    this.everySession((session) => {
      if (session.user?.id !== user) session.writeEphemeral(frame, 'typing')
    })
  }

  present(user: UserId, online: boolean): void {
    const known = this.online.includes(user)
    if (online && !known) this.online = [...this.online, user]
    else if (!online && known) this.online = this.online.filter((other) => other !== user)
    const frame = encodeFrame({ t: 'presence', conversation: this.id, user, online })
    this.everySession((session) => {
      if (session.user?.id !== user) session.writeEphemeral(frame, 'presence')
    })
  }

  memberCountChanged(by: number): void {
    this.memberCount = Math.max(0, this.memberCount + by)
  }

  private everySession(visit: (session: Session) => void): void {
    const { sessions } = this
    for (let i = 0; i < sessions.length; i++) visit(sessions[i]!)
    if (this.catching !== undefined)
      for (const { session, until } of this.catching) if (until === NO_END) visit(session)
  }

  // --- sessions come -------------------------------------------------------------------------------------------------

  /**
   * Lets a session see the conversation from `cursor` on; without one, from the head that it is told in `info`.
   * True: this waits until the conversation is subscribed to, and then `session.started` is called.
   */
  start(user: FeedUser, session: Session, cursor: Seq | undefined, info: ConversationInfo): boolean {
    this.memberCount = info.member_count
    if (!this.edge.rules.subscribeBeforeRead && this.live === UNKNOWN) this.live = info.head
    if (this.live === UNKNOWN) {
      user.starts ??= []
      user.starts.push({ session, cursor, info: { head: info.head, first: info.first } })
      return true
    }
    this.begin(user, session, cursor, info)
    return false
  }

  private begin(
    user: FeedUser,
    session: Session,
    cursor: Seq | undefined,
    info: Pick<ConversationInfo, 'head' | 'first'>,
  ): void {
    if (session.closed) return
    if (info.first > this.first) this.first = info.first
    // The list was made after `hello`, so its head is no lower than any seq that the client can have seen.
    const head = Math.max(this.live, info.head) as Seq
    let from = info.head
    if (cursor !== undefined) {
      const had = Math.min(cursor, head)
      const recovered = this.first <= had + 1
      from = (recovered ? had : this.first - 1) as Seq
      session.write(
        encodeFrame({ t: 'resumed', conversation: this.id, recovered, after: from, first: this.first, upto: head }),
      )
    }
    this.tellOnline(user, session)
    if (from === this.live) this.sessions.push(session)
    else this.pump(this.catchUp(session, from))
  }

  private tellOnline(user: FeedUser, session: Session): void {
    for (const other of this.online) {
      if (other === user.id) continue
      session.writeEphemeral(
        encodeFrame({ t: 'presence', conversation: this.id, user: other, online: true }),
        'presence',
      )
    }
  }

  private catchUp(session: Session, cursor: Seq): CatchUp {
    const catchUp = new CatchUp(this, session, cursor)
    this.catching ??= new Set()
    this.catching.add(catchUp)
    session.catchUps ??= new Set()
    session.catchUps.add(catchUp)
    return catchUp
  }

  // --- catching up ---------------------------------------------------------------------------------------------------

  private pumpAll(): void {
    for (const catchUp of this.catching ?? []) this.pump(catchUp)
  }

  /** Hands the session what it lacks, as far as its socket takes it now. */
  pump(catchUp: CatchUp): void {
    const { session } = catchUp
    const { config } = this.edge
    while (!catchUp.reading) {
      if (session.closed) return this.drop(catchUp)
      if (catchUp.cursor >= catchUp.until) return this.endAt(catchUp)
      if (catchUp.cursor >= this.live) {
        if (catchUp.cursor === this.live && catchUp.until === NO_END) this.join(catchUp)
        return
      }
      if (session.socket.bufferedBytes > config.catchUpBytesLow) {
        session.stalled = true
        return
      }
      const portion = this.portion(catchUp)
      if (portion !== undefined) this.hand(catchUp, portion)
      else if (!this.readMore(catchUp)) return
    }
  }

  private portion(catchUp: CatchUp): Portion | undefined {
    const { cursor, pages } = catchUp
    const read = pages === undefined ? undefined : portionAt(pages, cursor)
    return read ?? this.recent?.from(cursor)
  }

  private hand(catchUp: CatchUp, portion: Portion): void {
    const { cursor, until, session } = catchUp
    const whole = portion.after === cursor && portion.upto <= until
    const range = whole ? portion : cut(portion, cursor, until)
    catchUp.cursor = range.upto
    session.write(whole ? portion.frame : deliverFrame(this.id, range))
    this.edge.events.delivered(range.count, 1)
  }

  /** True when the page is here at once. */
  private readMore(catchUp: CatchUp): boolean {
    const { session } = catchUp
    if (!catchUp.holdsPage) {
      if (!session.takePagePlace()) return false
      catchUp.holdsPage = true
    }
    catchUp.reading = true
    const pages = this.edge.ranges.read(this.app, this.id, catchUp.cursor, catchUp, this.edge.now)
    if (pages === undefined) return false
    catchUp.reading = false
    catchUp.pages = pages
    return true
  }

  /** From here on the session gets what is live. */
  private join(catchUp: CatchUp): void {
    this.sessions.push(catchUp.session)
    this.drop(catchUp)
  }

  /** The session has all up to where its user left. */
  endAt(catchUp: CatchUp): void {
    this.drop(catchUp)
    catchUp.session.write(encodeFrame({ t: 'removed', conversation: this.id, upto: catchUp.cursor }))
  }

  private drop(catchUp: CatchUp): void {
    const { catching } = this
    catchUp.ended = true
    catching?.delete(catchUp)
    if (catching?.size === 0) {
      this.catching = undefined
      this.recent = undefined
      if (this.users.length === 0) this.edge.feeds.forget(this)
    }
    catchUp.session.endCatchUp(catchUp)
  }

  // --- sessions and users go -----------------------------------------------------------------------------------------

  /** The session is closed. Its catch-ups are ended by the session. */
  leave(session: Session): void {
    const at = this.sessions.indexOf(session)
    if (at < 0) return
    const last = this.sessions.pop()!
    if (at < this.sessions.length) this.sessions[at] = last
  }

  abandon(catchUp: CatchUp): void {
    this.drop(catchUp)
  }

  /** A user is no member after `seq`: its sessions get what came up to there, then `removed`. */
  remove(user: FeedUser, seq: Seq): void {
    this.users = this.users.filter((other) => other !== user)
    const { starts } = user
    user.starts = undefined
    for (const { session } of starts ?? []) {
      session.write(encodeFrame({ t: 'removed', conversation: this.id, upto: 0 as Seq }))
      session.started()
    }
    for (const session of user.user.sessions) this.removeSession(session, seq)
  }

  private removeSession(session: Session, seq: Seq): void {
    if (this.sessions.includes(session)) {
      this.leave(session)
      if (session.closed) return
      const behind = this.catchUp(session, this.live)
      // What was handed out already cannot be taken back; `removed` tells how far it went.
      behind.until = Math.max(seq, this.live) as Seq
      this.pump(behind)
      return
    }
    for (const catchUp of session.catchUps ?? []) {
      if (catchUp.feed !== this || catchUp.until !== NO_END) continue
      catchUp.until = Math.max(seq, catchUp.cursor) as Seq
      this.pump(catchUp)
    }
  }

  /** The session is told of the conversation anew while the end of an earlier membership is still on its way to it. */
  cutShort(session: Session): void {
    for (const catchUp of session.catchUps ?? []) {
      if (catchUp.feed === this && catchUp.until !== NO_END) this.endAt(catchUp)
    }
  }
}

const NOBODY: readonly UserId[] = []
