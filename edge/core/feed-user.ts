import { type Answer, type ConversationInfo, ERRORS, type ErrorCode, type Seq, type UserId } from '@chat4all/protocol'
import type { ConversationFeed } from './conversation-feed.js'
import type { EdgeContext } from './edge-context.js'
import type { LocalUser } from './local-user.js'
import type { Session } from './session.js'
import type { Request, RequestOwner } from './slot-pipeline.js'

/** A session that waits until the conversation is subscribed to. */
export interface PendingStart {
  readonly session: Session
  readonly cursor: Seq | undefined
  readonly info: Pick<ConversationInfo, 'head' | 'first'>
}

/** Receipts on their way to the owner: at most one request at a time, the newest values behind it. */
interface Marks {
  delivered: Seq
  read: Seq
  /** There are newer values than those that are on their way. */
  again: boolean
}

/** A member with sessions on this edge: its subscription at the owner, and its receipts. */
export class FeedUser implements RequestOwner {
  readonly feed: ConversationFeed
  readonly user: LocalUser
  starts: PendingStart[] | undefined
  private subscription: 'none' | 'asked' | 'made' = 'none'
  private gone = false
  private marks: Marks | undefined

  constructor(feed: ConversationFeed, user: LocalUser) {
    this.feed = feed
    this.user = user
  }

  get id(): UserId {
    return this.user.id
  }

  /** Subscribes, unless that is under way: what is unanswered is sent again by the pipeline. */
  subscribe(edge: EdgeContext): void {
    if (this.subscription === 'asked') return
    this.subscription = 'asked'
    const { app, id } = this.user
    edge.pipelines.submit({ t: 'subscribe', app, conversation: this.feed.id, user: id }, this, 0, edge.now, true)
  }

  /** The user has no session here any more, or is no member any more (then the owner knows). */
  end(edge: EdgeContext, ownerKnows: boolean): void {
    this.gone = true
    if (this.subscription === 'made' && !ownerKnows) this.unsubscribe(edge)
  }

  private unsubscribe(edge: EdgeContext): void {
    edge.pipelines.tell(this.feed.slot, { t: 'unsubscribe', conversation: this.feed.id, user: this.id })
  }

  /** Moves the user's cursors forward; what comes while a request is under way is put together. */
  mark(edge: EdgeContext, delivered: Seq, read: Seq): void {
    const { marks } = this
    if (marks === undefined) {
      this.marks = { delivered, read, again: false }
      this.sendMarks(edge)
      return
    }
    if (delivered <= marks.delivered && read <= marks.read) return
    if (delivered > marks.delivered) marks.delivered = delivered
    if (read > marks.read) marks.read = read
    marks.again = true
  }

  private sendMarks(edge: EdgeContext): void {
    const { app, id } = this.user
    const { delivered, read } = this.marks!
    edge.pipelines.submit(
      { t: 'mark', app, conversation: this.feed.id, user: id, delivered, read },
      this,
      0,
      edge.now,
      true,
    )
  }

  acked(): void {}

  replied(request: Request, answer: Answer): void {
    const { edge } = this.feed
    if (request.frame.t === 'mark') this.marked(edge)
    else if (answer.type === 'subscribed') {
      this.subscription = 'made'
      if (!this.gone) this.feed.subscribed(answer)
      // The user may be back already, as another LocalUser: then another subscription was asked for behind this one.
      else if (!edge.feeds.wants(this.user, this.feed.id)) this.unsubscribe(edge)
    }
  }

  private marked(edge: EdgeContext): void {
    const { marks } = this
    if (marks?.again === true && !this.gone) {
      marks.again = false
      this.sendMarks(edge)
    } else this.marks = undefined
  }

  refused(request: Request, code: ErrorCode): void {
    const { edge } = this.feed
    if (request.frame.t === 'mark') return this.marked(edge)
    this.subscription = 'none'
    if (this.gone) return
    // No member any more, which we learn late because the owner changed in between.
    if (ERRORS[code].retry === 'never') edge.feeds.removed(this, this.feed.live)
    else this.subscribe(edge)
  }
}
