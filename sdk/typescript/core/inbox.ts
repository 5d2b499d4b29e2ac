import {
  type Chat4AllError,
  type ClientFrame,
  type ConversationId,
  type ConversationInfo,
  HELLO_BYTES_MAX,
  HELLO_CURSORS_MAX,
  type Millis,
  PAGE_MESSAGES_MAX,
  type Seq,
  type ServerFrame,
  type UserId,
  type Message as WireMessage,
} from '@chat4all/protocol'
import type { Ask, Asks, PageFrame } from './asks.js'
import { Conversation } from './conversation.js'
import { Deadlines } from './deadlines.js'
import { erasureOf } from './erasure.js'
import type { Emit } from './events.js'
import { FillQueue } from './fill-queue.js'
import type { Message } from './message.js'
import { readMessage } from './read-message.js'
import { ReceiptSender } from './receipt-sender.js'
import { Sequence } from './sequence.js'
import { TYPING_EXPIRES_MS } from './typing-sender.js'

type Frame<Name extends ServerFrame['t']> = Extract<ServerFrame, { t: Name }>

/** A message told to exist may be on its way: how long to wait for it before asking. */
const LIVE_GRACE_MS = 1_000
/** The same for what `resumed` promised, which may be much. */
const RESUME_GRACE_MS = 15_000
/** Clocks of the servers that made `created` and `began` may differ so far. */
const CLOCK_SKEW_MS = 10_000
/** Bytes of a `hello` that are left for everything but cursors. */
const HELLO_REST_BYTES = 8 * 1024

export interface InboxHooks {
  readonly emit: Emit
  areViewsHeard(): boolean
  /** A message of this user's is told: it is committed, whatever became of its acknowledgement. */
  ownMessage(message: Message): void
  /** The server's history of the conversation is not the one that we knew. */
  restarted(conversation: ConversationId): void
  transmit(frame: ClientFrame): void
}

/**
 * The conversations of the user: how far each was told, what is missing, and who got how far. Prevents that a
 * message is told twice, late, or not at all.
 */
export class Inbox {
  user: UserId | undefined
  /** When this client first connected. Conversations that are younger are followed from their start. */
  began: Millis | undefined
  private readonly hooks: InboxHooks
  private readonly asks: Asks
  private readonly deliveredReceipts: boolean
  private readonly conversations = new Map<ConversationId, Conversation>()
  private readonly receipts = new ReceiptSender()
  private readonly fills = new FillQueue()
  /** Conversations that lag behind their head, and when to ask if nothing has come. */
  private readonly lags = new Deadlines<Conversation>()
  private readonly typing = new Deadlines<Conversation>()
  /** Cursors told in this session's `hello`. */
  private readonly helloCursors = new Map<ConversationId, Seq>()
  private isReady = false
  /** Views to tell when the frames at hand are through. */
  private readonly changed = new Set<Conversation>()
  private foreignTold = 0
  private deliveredAt = 0
  /** Conversations of which the server said nothing in this session: is the user still a member? */
  private readonly doubtful = new Set<Conversation>()

  constructor(hooks: InboxHooks, asks: Asks, deliveredReceipts: boolean) {
    this.hooks = hooks
    this.asks = asks
    this.deliveredReceipts = deliveredReceipts
  }

  get wakeAt(): number {
    return Math.min(this.receipts.wakeAt ?? Number.POSITIVE_INFINITY, this.lags.wakeAt, this.typing.wakeAt)
  }

  get(id: string): Conversation | undefined {
    return this.conversations.get(id as ConversationId)
  }

  all(): IterableIterator<Conversation> {
    return this.conversations.values()
  }

  /** Takes back what an earlier run of this client had got. */
  restore(id: ConversationId, cursor: Seq, read: Seq): void {
    const conversation = new Conversation(id, new Sequence(cursor, false))
    if (this.deliveredReceipts) conversation.delivered = cursor
    conversation.read = read
    this.conversations.set(id, conversation)
  }

  /** Another user's state: nothing of it is true for this one. */
  forgetAll(): void {
    this.closed()
    this.conversations.clear()
    this.changed.clear()
  }

  // --- session ---------------------------------------------------------------------------------------------------

  /** What `hello` says: the most recent conversations, where there are more than it may hold. */
  cursors(): { conversation: ConversationId; seq: Seq }[] {
    let chosen = [...this.conversations.values()]
    if (chosen.length > HELLO_CURSORS_MAX) {
      chosen = chosen.sort((a, b) => b.newestAt - a.newestAt).slice(0, HELLO_CURSORS_MAX)
    }
    let bytes = HELLO_REST_BYTES
    this.helloCursors.clear()
    const cursors: { conversation: ConversationId; seq: Seq }[] = []
    for (const { id, sequence } of chosen) {
      bytes += id.length + 12
      if (bytes > HELLO_BYTES_MAX) break
      this.helloCursors.set(id, sequence.cursor)
      cursors.push({ conversation: id, seq: sequence.cursor })
    }
    return cursors
  }

  closed(): void {
    this.isReady = false
    this.fills.clear()
    this.doubtful.clear()
    this.lags.clear()
    this.typing.clear()
    this.receipts.clear()
    for (const conversation of this.conversations.values()) {
      if (conversation.sessionEnded()) this.changed.add(conversation)
    }
  }

  ready(frame: Frame<'ready'>, now: number): void {
    this.isReady = true
    for (const conversation of this.conversations.values()) {
      if (!conversation.isConfirmed) this.doubt(conversation)
    }
    this.startFills(now)
    this.tellChanges()
    this.hooks.emit('ready', { conversations: frame.conversations })
  }

  // --- conversations and messages --------------------------------------------------------------------------------

  /** `conversation`, `created`: what the server says of a conversation. */
  told(info: ConversationInfo, now: number): Conversation {
    const id = info.conversation
    let conversation = this.conversations.get(id)
    if (conversation === undefined) {
      conversation = new Conversation(id, this.startOf(info))
      this.conversations.set(id, conversation)
    }
    conversation.sequence.rise(info.head)
    conversation.update(info, info.last && readMessage(id, info.last, this.user))
    if (conversation.hasUntoldCursors) this.receipts.note(conversation, 0, now)
    const { isReady } = this
    const grace = isReady ? LIVE_GRACE_MS : this.helloCursors.has(id) ? RESUME_GRACE_MS : 0
    this.watch(conversation, now + grace)
    this.changed.add(conversation)
    return conversation
  }

  private startOf(info: ConversationInfo): Sequence {
    const isYounger = this.began !== undefined && info.created >= this.began - CLOCK_SKEW_MS
    return isYounger ? new Sequence(0 as Seq, false) : new Sequence(info.head, true)
  }

  resumed(frame: Frame<'resumed'>, now: number): void {
    const conversation = this.conversations.get(frame.conversation)
    if (conversation === undefined) return
    const { sequence } = conversation
    const asked = this.helloCursors.get(frame.conversation)
    if (asked === sequence.cursor && frame.upto < asked) {
      this.hooks.emit('gap', { conversation: conversation.id, after: sequence.cursor, first: (frame.upto + 1) as Seq })
      conversation.restartAt(frame.upto)
      this.hooks.restarted(conversation.id)
      this.changed.add(conversation)
      return
    }
    if (!frame.recovered) this.expired(conversation, frame.first)
    sequence.rise(frame.upto)
    conversation.promisedUpto = frame.upto
    this.watch(conversation, now + RESUME_GRACE_MS)
  }

  /** Everything before `first` is gone: says so, unless it had been told. */
  private expired(conversation: Conversation, first: Seq): void {
    const { sequence } = conversation
    const after = sequence.cursor
    if (first - 1 <= after) return
    sequence.skipTo((first - 1) as Seq)
    this.hooks.emit('gap', { conversation: conversation.id, after, first })
  }

  deliver(frame: Frame<'deliver'>, now: number): void {
    this.deliveredAt = now
    let conversation = this.conversations.get(frame.conversation)
    if (conversation === undefined) {
      // Its data follow; what comes until then is told all the same.
      conversation = new Conversation(frame.conversation, new Sequence(frame.after, true))
      this.conversations.set(frame.conversation, conversation)
    }
    if (this.take(conversation, frame, now)) this.fills.add(conversation.id)
    this.watch(conversation, now + LIVE_GRACE_MS)
    this.startFills(now)
  }

  /** There is a message of this seq, whether it was delivered or not. */
  exists(id: ConversationId, seq: Seq, now: number): void {
    const conversation = this.conversations.get(id)
    if (conversation === undefined || seq <= conversation.sequence.head) return
    conversation.sequence.rise(seq)
    conversation.touch()
    this.watch(conversation, now + LIVE_GRACE_MS)
  }

  private take(
    conversation: Conversation,
    run: { readonly after: Seq; readonly upto: Seq; readonly messages: readonly WireMessage[] },
    now: number,
  ): boolean {
    this.foreignTold = 0
    const hasGap = conversation.sequence.take(run, (message) => this.tell(conversation, message))
    if (this.foreignTold > 0 && this.deliveredReceipts) {
      conversation.delivered = Math.max(conversation.delivered, conversation.sequence.cursor) as Seq
      this.receipts.note(conversation, this.foreignTold, now)
    }
    conversation.touch()
    this.changed.add(conversation)
    return hasGap
  }

  private tell(conversation: Conversation, wire: WireMessage): void {
    const message = readMessage(conversation.id, wire, this.user)
    if (conversation.noteTyping(message.from, undefined)) this.tellTyping(conversation, message.from, false)
    conversation.noteMessage(message)
    if (message.own) this.hooks.ownMessage(message)
    else this.foreignTold++
    this.hooks.emit('message', message)
    const erasure = erasureOf(message)
    if (erasure === undefined) return
    conversation.erasures.note(erasure)
    this.hooks.emit('erased', erasure)
  }

  removed(frame: Frame<'removed'>): void {
    const conversation = this.conversations.get(frame.conversation)
    if (conversation !== undefined) this.gone(conversation, frame.upto)
  }

  private gone(conversation: Conversation, upto: Seq): void {
    this.conversations.delete(conversation.id)
    this.fills.end(conversation.id)
    this.doubtful.delete(conversation)
    this.lags.delete(conversation)
    this.typing.delete(conversation)
    this.receipts.forget(conversation)
    this.changed.delete(conversation)
    this.hooks.emit('removed', { conversation: conversation.id, upto })
  }

  // --- what is missing -------------------------------------------------------------------------------------------

  /** Looks again at `at` whether the conversation has caught up. */
  private watch(conversation: Conversation, at: number): void {
    if (!conversation.sequence.isBehind) this.lags.delete(conversation)
    else if (!this.fills.isRunning(conversation.id)) this.lags.set(conversation, at)
  }

  /** Asks for what may be missing there: the answer also says whether the user is a member. */
  private doubt(conversation: Conversation): void {
    this.doubtful.add(conversation)
    this.fills.add(conversation.id)
  }

  private startFills(now: number): void {
    for (let id = this.fills.start(); id !== undefined; id = this.fills.start()) {
      const conversation = this.conversations.get(id)
      const isNeeded = conversation !== undefined && (conversation.sequence.isBehind || this.doubtful.has(conversation))
      if (isNeeded) this.askForMissing(conversation, now)
      else this.fills.end(id)
    }
  }

  private askForMissing(conversation: Conversation, now: number): void {
    const { id, sequence } = conversation
    this.lags.delete(conversation)
    const ask: Ask = {
      conversation: id,
      since: sequence.cursor,
      limit: Math.min(PAGE_MESSAGES_MAX, Math.max(1, sequence.missingUpto - sequence.cursor)),
      survivesReconnect: false,
      answered: (page, at) => this.filled(conversation, page, at),
      failed: (error, at) => this.notFilled(conversation, error, at),
    }
    this.asks.add(ask, now, (frame) => this.hooks.transmit(frame))
  }

  private filled(conversation: Conversation, page: PageFrame, now: number): void {
    if (this.conversations.get(conversation.id) !== conversation) return
    this.doubtful.delete(conversation)
    const { sequence } = conversation
    const { cursor } = sequence
    this.expired(conversation, Math.max(page.first, page.after + 1) as Seq)
    sequence.rise(page.head)
    this.take(conversation, page, now)
    this.fills.end(conversation.id)
    if (!sequence.isBehind || sequence.cursor === cursor) this.watch(conversation, now + RESUME_GRACE_MS)
    else this.fills.add(conversation.id)
    this.startFills(now)
  }

  private notFilled(conversation: Conversation, error: Chat4AllError, now: number): void {
    this.fills.end(conversation.id)
    if (this.conversations.get(conversation.id) === conversation) {
      if (error.code === 'NOT_FOUND') this.gone(conversation, conversation.sequence.cursor)
      else this.watch(conversation, now + RESUME_GRACE_MS)
    }
    this.startFills(now)
  }

  // --- receipts, typing, presence --------------------------------------------------------------------------------

  markRead(conversation: Conversation, seq: Seq, now: number): void {
    const read = Math.min(seq, conversation.sequence.head) as Seq
    if (read <= conversation.read) return
    conversation.read = read
    if (conversation.delivered < read) conversation.delivered = read
    this.receipts.note(conversation, 0, now)
    conversation.touch()
    this.changed.add(conversation)
  }

  receiptsMoved(frame: Frame<'receipts'>): void {
    const { conversation: id, user, delivered, read, time } = frame
    const conversation = this.conversations.get(id)
    if (conversation === undefined) return
    conversation.noteReceipts(user, delivered, read)
    if (user === this.user) conversation.noteOwnReceipts(delivered, read)
    this.changed.add(conversation)
    this.hooks.emit('receipts', { conversation: id, user, delivered, read, time })
  }

  typed({ conversation: id, user, on }: Frame<'typing_event'>, now: number): void {
    const conversation = this.conversations.get(id)
    if (conversation === undefined || user === this.user) return
    const isNews = conversation.noteTyping(user, on ? now + TYPING_EXPIRES_MS : undefined)
    if (on) this.typing.set(conversation, conversation.typingExpiresAt!)
    if (isNews) this.tellTyping(conversation, user, on)
  }

  private tellTyping(conversation: Conversation, user: UserId, on: boolean): void {
    this.changed.add(conversation)
    this.hooks.emit('typing', { conversation: conversation.id, user, on })
  }

  presence({ conversation: id, user, online }: Frame<'presence'>): void {
    const conversation = this.conversations.get(id)
    if (conversation === undefined || user === this.user || !conversation.notePresence(user, online)) return
    this.changed.add(conversation)
    this.hooks.emit('presence', { conversation: id, user, online })
  }

  // --- time ------------------------------------------------------------------------------------------------------

  tick(now: number): void {
    for (const conversation of this.typing.take(now)) {
      for (const user of conversation.expiredTyping(now)) {
        conversation.noteTyping(user, undefined)
        this.tellTyping(conversation, user, false)
      }
      const next = conversation.typingExpiresAt
      if (next !== undefined) this.typing.set(conversation, next)
    }
    for (const conversation of this.lags.take(now)) {
      // What was promised comes as fast as the socket takes it: as long as anything comes, it is on its way.
      const isComing = conversation.sequence.cursor < conversation.promisedUpto
      if (isComing && now < this.deliveredAt + RESUME_GRACE_MS) {
        this.lags.set(conversation, this.deliveredAt + RESUME_GRACE_MS)
      } else this.fills.add(conversation.id)
    }
    this.startFills(now)
  }

  /** Sends the receipts that are due. Only while the session is open. */
  flushReceipts(now: number): void {
    this.receipts.flush(now, (frame) => this.hooks.transmit(frame))
  }

  /** Tells the views that changed, once each, however many frames changed them. */
  tellChanges(): void {
    if (this.changed.size === 0) return
    const changed = [...this.changed]
    this.changed.clear()
    if (!this.hooks.areViewsHeard()) return
    for (const conversation of changed) {
      const view = conversation.view(this.user)
      if (view !== undefined) this.hooks.emit('conversation', view)
    }
  }
}
