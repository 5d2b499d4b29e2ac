import {
  type Answer,
  type ConversationId,
  type ConversationInfo,
  type NodeLinkFrame,
  type Seq,
  SLOTS,
  type Slot,
} from '@chat4all/protocol'
import { ConversationFeed } from './conversation-feed.js'
import type { EdgeContext } from './edge-context.js'
import { encodeFrame } from './encoded-frames.js'
import { FeedUser } from './feed-user.js'
import type { LocalUser, LocalUsers } from './local-user.js'
import type { Session } from './session.js'
import type { Request, RequestOwner } from './slot-pipeline.js'

type MembershipFrame = Extract<NodeLinkFrame, { t: 'membership' }>

/** The conversations with sessions on this edge, and who of them is in which. */
export class Feeds {
  private readonly edge: EdgeContext
  private readonly users: LocalUsers
  private readonly feeds = new Map<ConversationId, ConversationFeed>()
  private readonly bySlot: (ConversationFeed[] | undefined)[] = new Array(SLOTS).fill(undefined)

  constructor(edge: EdgeContext, users: LocalUsers) {
    this.edge = edge
    this.users = users
  }

  get size(): number {
    return this.feeds.size
  }

  get(id: ConversationId): ConversationFeed | undefined {
    return this.feeds.get(id)
  }

  /** True for frames that are about a conversation. */
  frame(frame: NodeLinkFrame): boolean {
    switch (frame.t) {
      case 'fanout':
        this.feeds.get(frame.conversation)?.fanout(frame)
        return true
      case 'marks':
        this.feeds.get(frame.conversation)?.marks(frame.items)
        return true
      case 'signalled':
        this.feeds.get(frame.conversation)?.signalled(frame.user, frame.on)
        return true
      case 'present':
        this.feeds.get(frame.conversation)?.present(frame.user, frame.online)
        return true
      case 'membership':
        this.membership(frame)
        return true
      default:
        return false
    }
  }

  /** Some session of this user sees the conversation now. */
  wants({ app, id }: Pick<LocalUser, 'app' | 'id'>, conversation: ConversationId): boolean {
    return this.users.get(app, id)?.feeds.has(conversation) === true
  }

  // --- a session and a conversation meet -----------------------------------------------------------------------------

  /** Tells a session of a conversation that its user is a member of, and lets it see it from `cursor` on. */
  introduce(user: LocalUser, session: Session, info: ConversationInfo, cursor: Seq | undefined): void {
    if (!session.meets(info.conversation)) return
    const feedUser = this.enter(user, info.conversation)
    feedUser.feed.cutShort(session)
    session.write(encodeFrame({ t: 'conversation', info }))
    if (feedUser.feed.start(feedUser, session, cursor, info)) session.starting()
  }

  private enter(user: LocalUser, id: ConversationId): FeedUser {
    const known = user.feeds.get(id)
    if (known !== undefined) return known
    const feed = this.feeds.get(id) ?? this.create(user, id)
    const feedUser = new FeedUser(feed, user)
    feed.users = [...feed.users, feedUser]
    user.feeds.set(id, feedUser)
    feedUser.subscribe(this.edge)
    return feedUser
  }

  private create(user: LocalUser, id: ConversationId): ConversationFeed {
    const feed = new ConversationFeed(this.edge, id, user.app)
    this.feeds.set(id, feed)
    const { slot } = feed
    const inSlot = this.bySlot[slot]
    if (inSlot === undefined) this.bySlot[slot] = [feed]
    else inSlot.push(feed)
    feed.slotIndex = this.bySlot[slot]!.length - 1
    return feed
  }

  /** A user became a member while it has sessions here: they see the conversation behind `after`. */
  join(user: LocalUser, info: ConversationInfo, after: Seq): void {
    if (user.feeds.has(info.conversation)) return
    const { last, ...rest } = info
    // What comes behind `after` is delivered, so the conversation is told as it was then.
    const head = Math.min(info.head, after) as Seq
    const then = { ...rest, head, ...(last !== undefined && last.seq <= head && { last }) }
    for (const session of user.sessions) {
      if (session.state !== 'open') continue
      // The word of a membership may overtake the list at connect: the client's cursor counts all the same.
      const cursor = session.cursorOf(info.conversation)
      this.introduce(user, session, cursor === undefined ? then : info, cursor)
    }
  }

  private membership(frame: MembershipFrame): void {
    const feed = this.feeds.get(frame.conversation)
    feed?.memberCountChanged(frame.seq === 0 ? 0 : frame.joined.length - frame.left.length)
    for (const id of frame.left) {
      const feedUser = this.users.get(frame.app, id)?.feeds.get(frame.conversation)
      if (feedUser !== undefined) this.removed(feedUser, frame.seq)
    }
    for (const id of frame.joined) {
      const user = this.users.get(frame.app, id)
      if (user === undefined || user.feeds.has(frame.conversation)) continue
      new Joining(this.edge, user, frame.conversation, Math.max(0, frame.seq - 1) as Seq).ask()
    }
  }

  // --- and part ------------------------------------------------------------------------------------------------------

  /** The user is no member any more after `seq`; its owner knows. */
  removed(feedUser: FeedUser, seq: Seq): void {
    const { feed, user } = feedUser
    user.feeds.delete(feed.id)
    for (const session of user.sessions) session.forgets(feed.id)
    feedUser.end(this.edge, true)
    feed.remove(feedUser, seq)
    if (feed.abandoned) this.forget(feed)
  }

  /** The session is closed. */
  leave(user: LocalUser, session: Session): void {
    for (const { feed } of user.feeds.values()) feed.leave(session)
  }

  /** The user's last session here is closed. */
  leaveAll(user: LocalUser): void {
    for (const feedUser of user.feeds.values()) {
      const { feed } = feedUser
      feedUser.end(this.edge, false)
      feed.users = feed.users.filter((other) => other !== feedUser)
      if (feed.abandoned) this.forget(feed)
    }
    user.feeds.clear()
  }

  forget(feed: ConversationFeed): void {
    if (this.feeds.get(feed.id) !== feed) return
    this.feeds.delete(feed.id)
    const inSlot = this.bySlot[feed.slot]!
    const last = inSlot.pop()!
    if (last !== feed) {
      inSlot[feed.slotIndex] = last
      last.slotIndex = feed.slotIndex
    }
    if (inSlot.length === 0) this.bySlot[feed.slot] = undefined
  }

  /** The slot has another owner, or one that forgot us: subscribe to everything again. */
  subscribeAgain(slot: Slot): void {
    // A copy: a feed whose last session has all it should is forgotten.
    for (const feed of [...(this.bySlot[slot] ?? [])]) {
      for (const user of feed.users) user.subscribe(this.edge)
      if (feed.users.length === 0) feed.readToEnds()
    }
  }
}

/** A user was told to be a member: what the conversation is, its owner says. */
class Joining implements RequestOwner {
  private readonly edge: EdgeContext
  private readonly user: LocalUser
  private readonly conversation: ConversationId
  private readonly after: Seq

  constructor(edge: EdgeContext, user: LocalUser, conversation: ConversationId, after: Seq) {
    this.edge = edge
    this.user = user
    this.conversation = conversation
    this.after = after
  }

  ask(): void {
    const { edge, user, conversation } = this
    edge.pipelines.submit({ t: 'inspect', app: user.app, conversation, user: user.id }, this, 0, edge.now, true)
  }

  acked(): void {}

  replied(_request: Request, answer: Answer): void {
    if (answer.type === 'info') this.edge.feeds.join(this.user, answer.info, this.after)
  }

  /** No member any more. */
  refused(): void {}
}
