import {
  Chat4AllError,
  type ClientFrame,
  type ConversationId,
  type DeviceId,
  ERRORS,
  errorCodeOfWire,
  type MessageId,
  type Millis,
  messageIdFromBytes,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  type Seq,
  type ServerFrame,
} from '@chat4all/protocol'
import { type Ask, Asks } from './asks.js'
import type { Conversation } from './conversation.js'
import type { ConversationEvents, Emit } from './events.js'
import { Heartbeat } from './heartbeat.js'
import { Inbox } from './inbox.js'
import type { Message, MessageStatus } from './message.js'
import { Outbox, type OutboxLimits } from './outbox.js'
import type { PostRequest, Request } from './requests.js'
import { TypingSender } from './typing-sender.js'

type Frame<Name extends ServerFrame['t']> = Extract<ServerFrame, { t: Name }>

export type WelcomeFrame = Frame<'welcome'>

/** What the core asks of whoever drives it. Called while a method of the core runs, in order. */
export interface CoreHooks {
  readonly emit: Emit
  /** Whether anybody listens: what nobody hears need not be made. */
  isHeard(type: keyof ConversationEvents): boolean
  /** Into the socket of the session at hand. */
  transmit(frame: ClientFrame): void
  opened(welcome: WelcomeFrame): void
  ready(): void
  /** The session is of no more use: close it and connect again. */
  restart(reason: Chat4AllError): void
  /** The server asks to connect again after the delay. */
  goAway(delayMs: number): void
  /** The server found fault with the session and is about to close it. */
  fault(error: Chat4AllError): void
  /** What {@link ClientCore.save} returns has changed. */
  unsaved(): void
}

export interface CoreLimits extends OutboxLimits {
  readonly deliveredReceipts: boolean
}

/** How often a request that the server could not decide is sent again before it is given up. */
const REFUSALS_MAX = 6
const REFUSAL_WAIT_MS_BASE = 250
/** Own messages whose message_id is remembered after they were acknowledged, for `messageStatus`. */
const REMEMBERED_MAX = 1000

/** What an earlier run of the client left behind. */
export interface CoreState {
  readonly user: string
  readonly began: number
  readonly cursors: Iterable<{ readonly conversation: string; readonly seq: number; readonly read: number }>
  readonly outbox: readonly PostRequest[]
}

/**
 * A client without its socket, timers and storage: frames and calls go in, frames and events come out. It outlives
 * sessions; each begins with `hello` and ends with `closed`. After each batch of input the driver calls `settle`, and
 * at `wakeAt`, `tick`.
 */
export class ClientCore {
  private readonly hooks: CoreHooks
  private readonly outbox: Outbox<Request>
  private readonly asks = new Asks()
  private readonly heartbeat = new Heartbeat()
  private readonly typing = new TypingSender()
  readonly inbox: Inbox
  /** `leaving`: the server goes away; answers still come, nothing new is sent. */
  private phase: 'closed' | 'greeting' | 'open' | 'leaving' = 'closed'
  /** Posts in the outbox, by message_id. */
  private readonly pendingPosts = new Map<MessageId, PostRequest>()
  private readonly remembered = new Map<MessageId, Seq | 'failed'>()

  constructor(limits: CoreLimits, hooks: CoreHooks) {
    this.hooks = hooks
    this.outbox = new Outbox(limits)
    const inboxHooks = {
      emit: hooks.emit,
      areViewsHeard: () => hooks.isHeard('conversation'),
      ownMessage: (message: Message) => this.ownMessage(message),
      restarted: (conversation: ConversationId) => this.forgetSeen(conversation),
      transmit: (frame: ClientFrame) => hooks.transmit(frame),
    }
    this.inbox = new Inbox(inboxHooks, this.asks, limits.deliveredReceipts)
  }

  get isOpen(): boolean {
    return this.phase === 'open'
  }

  /** When `tick` has something to do; infinity: only input changes that. */
  wakeAt(now: number): number {
    if (this.phase !== 'open') return this.asks.wakeAt
    const outbox = this.outbox.wakeAt(now) ?? Number.POSITIVE_INFINITY
    return Math.min(outbox, this.asks.wakeAt, this.inbox.wakeAt, this.typing.wakeAt, this.heartbeat.wakeAt)
  }

  // --- what survives ---------------------------------------------------------------------------------------------

  restore(state: CoreState): void {
    this.inbox.user = state.user as Message['from']
    this.inbox.began = state.began as Millis
    for (const { conversation, seq, read } of state.cursors) {
      this.inbox.restore(conversation as ConversationId, seq as Seq, read as Seq)
    }
    this.outbox.restore(state.outbox)
    for (const request of state.outbox) this.pendingPosts.set(request.post.messageId, request)
  }

  /** Posts that are unacknowledged, in order. */
  pending(): PostRequest[] {
    return this.outbox.all().filter((request) => request.kind === 'post')
  }

  // --- what the user asks for ------------------------------------------------------------------------------------

  /** @throws Chat4AllError BUSY when the outbox is full. */
  request(request: Request, now: number): void {
    this.outbox.add(request)
    if (request.kind === 'members' || (request.kind === 'post' && !request.mayBeRepeat)) {
      request.seen = this.inbox.get(request.conversation)?.sequence.cursor
    }
    if (request.kind === 'post') {
      this.pendingPosts.set(request.post.messageId, request)
      this.typing.forget(request.post.conversation)
      this.hooks.unsaved()
    }
    this.pump(now)
  }

  /** The post of this message_id that is still unacknowledged. */
  pendingPost(messageId: MessageId): PostRequest | undefined {
    return this.pendingPosts.get(messageId)
  }

  ask(ask: Ask, now: number): void {
    this.asks.add(ask, now, this.isOpen ? this.hooks.transmit : undefined)
  }

  setTyping(conversation: ConversationId, on: boolean, now: number): void {
    if (!this.isOpen) return
    if (on) this.typing.key(conversation, now, this.hooks.transmit)
    else this.typing.stop(conversation, this.hooks.transmit)
  }

  markRead(conversation: Conversation, seq: Seq, now: number): void {
    this.inbox.markRead(conversation, seq, now)
    this.hooks.unsaved()
  }

  messageStatus(conversation: Conversation, message: Seq | MessageId): MessageStatus | undefined {
    if (typeof message === 'number') return conversation.statusOf(message, this.inbox.user)
    const seq = this.pendingPosts.has(message) ? 'sending' : this.remembered.get(message)
    if (seq === undefined) return undefined
    if (typeof seq === 'number') return conversation.statusOf(seq, this.inbox.user)
    return { ...conversation.statusOf(Number.MAX_SAFE_INTEGER as Seq, this.inbox.user), state: seq }
  }

  /** Gives up what only this run of the program waits for. Messages stay, to be sent another time. */
  abandon(error: Chat4AllError, now: number): void {
    for (const request of this.outbox.withdraw(({ kind }) => kind !== 'post')) request.fail(error)
    this.asks.failAll(error, now)
  }

  // --- session ---------------------------------------------------------------------------------------------------

  /** The first frame of a session. */
  hello(token: string, device: DeviceId | undefined, agent: string | undefined): ClientFrame {
    this.phase = 'greeting'
    return {
      t: 'hello',
      version_min: PROTOCOL_VERSION_MIN,
      version_max: PROTOCOL_VERSION,
      token,
      cursors: this.inbox.cursors(),
      ...(device !== undefined && { device }),
      ...(agent !== undefined && { agent }),
    }
  }

  closed(): void {
    this.phase = 'closed'
    this.outbox.closed()
    this.asks.closed()
    this.typing.clear()
    this.inbox.closed()
    this.inbox.tellChanges()
  }

  private welcome(frame: WelcomeFrame, now: number): void {
    const { inbox } = this
    if (inbox.user !== undefined && inbox.user !== frame.user) this.becomeAnother(frame)
    inbox.user = frame.user
    inbox.began ??= frame.time
    this.phase = 'open'
    this.heartbeat.opened(frame.heartbeat, now)
    this.hooks.unsaved()
    this.hooks.opened(frame)
    this.asks.opened(this.hooks.transmit)
  }

  /** The token speaks for another user than the saved state: nothing of that may be sent or shown as this one's. */
  private becomeAnother({ user, time }: WelcomeFrame): void {
    const error = new Chat4AllError('FORBIDDEN', `Written by ${this.inbox.user}; the token is now that of ${user}.`)
    this.inbox.forgetAll()
    this.inbox.began = time
    for (const request of this.outbox.withdraw(() => true)) this.fail(request, error)
  }

  /** Takes in one frame of the server. */
  received(frame: ServerFrame, now: number): void {
    if (this.phase === 'closed') return
    if (frame.t === 'welcome') return this.welcome(frame, now)
    if (frame.t === 'error') return this.refused(frame, now)
    if (this.phase === 'greeting') return
    const { inbox } = this
    switch (frame.t) {
      case 'deliver':
        this.hooks.unsaved()
        return inbox.deliver(frame, now)
      case 'sent':
        return this.committed(frame, now)
      case 'receipts':
        return inbox.receiptsMoved(frame)
      case 'typing_event':
        return inbox.typed(frame, now)
      case 'presence':
        return inbox.presence(frame)
      case 'busy':
        return this.goBack(frame, now)
      case 'page':
        this.hooks.unsaved()
        return this.asks.answered(frame, now)
      case 'created':
        return this.created(frame, now)
      case 'conversation':
        this.hooks.unsaved()
        return void inbox.told(frame.info, now)
      case 'conversations':
        for (const info of frame.conversations) inbox.told(info, now)
        return
      case 'resumed':
        this.hooks.unsaved()
        return inbox.resumed(frame, now)
      case 'removed':
        this.hooks.unsaved()
        return inbox.removed(frame)
      case 'ready':
        inbox.ready(frame, now)
        return this.hooks.ready()
      case 'reconnect':
        this.phase = 'leaving'
        return this.hooks.goAway(frame.delay)
      case 'pong':
        return
      default:
        return unreachable(frame)
    }
  }

  /** Call when bytes came, whatever is in them. */
  heard(now: number): void {
    this.heartbeat.received(now)
  }

  /** Call when bytes were sent. */
  spoke(now: number): void {
    this.heartbeat.sent(now)
  }

  /** The session is about to be closed on purpose: sends what was held back to be sent together. */
  finish(): void {
    if (this.isOpen) this.inbox.flushReceipts(Number.POSITIVE_INFINITY)
  }

  /** Call after each batch of input: tells what changed and sends what may be sent. */
  settle(now: number): void {
    this.inbox.tellChanges()
    if (this.phase !== 'open') return
    this.inbox.flushReceipts(now)
    this.pump(now)
  }

  tick(now: number): void {
    this.asks.tick(now, this.isOpen ? this.hooks.transmit : undefined)
    if (this.phase === 'open') {
      this.typing.tick(now, this.hooks.transmit)
      this.inbox.tick(now)
      const due = this.heartbeat.check(now)
      if (due === 'ping') this.hooks.transmit({ t: 'ping' })
      if (due === 'dead') this.hooks.restart(new Chat4AllError('UNAVAILABLE', 'The server does not answer any more.'))
    }
    this.settle(now)
  }

  /** Something hints that the connection may be dead: finds out. */
  probe(now: number): void {
    if (this.isOpen && this.heartbeat.ping(now) === 'ping') this.hooks.transmit({ t: 'ping' })
  }

  // --- outbox ----------------------------------------------------------------------------------------------------

  private pump(now: number): void {
    if (!this.isOpen) return
    for (let frame = this.outbox.take(now); frame !== undefined; frame = this.outbox.take(now)) {
      this.hooks.transmit(frame)
    }
  }

  private committed({ cseq, message_id, seq, time }: Frame<'sent'>, now: number): void {
    const request = this.outbox.answered(cseq)
    if (request === undefined) return
    if (request.kind === 'members') return request.succeed({ seq, time })
    if (request.kind === 'post' && request.post.messageId === messageIdFromBytes(message_id)) {
      this.inbox.exists(request.post.conversation, seq, now)
      return this.succeed(request, seq, time)
    }
    this.hooks.restart(new Chat4AllError('CSEQ_MISMATCH', `The server acknowledged another request than ${cseq}.`))
  }

  private created({ cseq, info }: Frame<'created'>, now: number): void {
    const request = this.outbox.answered(cseq)
    const view = this.inbox.told(info, now).view(this.inbox.user)!
    if (request?.kind === 'create') request.succeed(view)
  }

  private succeed(request: PostRequest, seq: Seq, time: Millis): void {
    const { conversation, messageId } = request.post
    this.pendingPosts.delete(messageId)
    this.remember(messageId, seq)
    this.hooks.unsaved()
    request.succeed({ seq, time })
    this.hooks.emit('sent', { conversation, messageId, seq, time })
  }

  private fail(request: Request, error: Chat4AllError): void {
    if (request.kind !== 'post') return request.fail(error)
    const { conversation, messageId } = request.post
    this.pendingPosts.delete(messageId)
    this.remember(messageId, 'failed')
    this.hooks.unsaved()
    request.fail(error)
    this.hooks.emit('failed', { conversation, messageId, error })
  }

  private remember(messageId: MessageId, outcome: Seq | 'failed'): void {
    if (this.remembered.size >= REMEMBERED_MAX) this.remembered.delete(this.remembered.keys().next().value!)
    this.remembered.set(messageId, outcome)
  }

  /**
   * A message of this user's came with the others. When it still waits to be sent (again), that is needless: an
   * earlier session brought it to the server, and only the acknowledgement was lost.
   */
  private ownMessage({ conversation, messageId, seq, time }: Message): void {
    if (this.pendingPosts.size === 0) return
    const request = this.pendingPosts.get(messageId)
    if (request === undefined || request.inFlight || request.post.conversation !== conversation) return
    this.outbox.withdraw((other) => other === request)
    this.succeed(request, seq, time)
  }

  /** The server's history begins anew: what was seen of the old one says nothing of where a message may be stored. */
  private forgetSeen(conversation: ConversationId): void {
    for (const request of this.outbox.all()) {
      if (request.kind !== 'create' && request.conversation === conversation) request.seen = undefined
    }
  }

  private refused({ code: wire, detail, cseq, ask }: Frame<'error'>, now: number): void {
    const error = new Chat4AllError(errorCodeOfWire(wire), detail)
    if (ask !== undefined) return this.asks.refused(ask, error, now)
    if (cseq === undefined) return this.hooks.fault(error)
    const request = this.outbox.get(cseq)
    if (request === undefined) return
    const { retry } = ERRORS[error.code]
    if ((retry === 'after' || retry === 'reconnect') && request.refusals < REFUSALS_MAX) {
      this.outbox.again(cseq, now + REFUSAL_WAIT_MS_BASE * 2 ** request.refusals++)
    } else {
      this.outbox.answered(cseq)
      this.fail(request, error)
    }
  }

  private goBack({ cseq, retry_after }: Frame<'busy'>, now: number): void {
    if (this.outbox.goBack(cseq, now + retry_after)) return
    this.hooks.restart(
      new Chat4AllError('CSEQ_MISMATCH', `The server is busy from ${cseq} on and answered a later one.`),
    )
  }
}

function unreachable(frame: never): never {
  throw new Error(`a frame that is in the schema and not here: ${JSON.stringify(frame)}`)
}
