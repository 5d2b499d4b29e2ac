import {
  type Answer,
  type ClientFrame,
  type ConversationId,
  type ConversationInfo,
  ERRORS,
  type ErrorCode,
  type ErrorEntry,
  FRAME_BYTES_MAX,
  type Millis,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  Reader,
  type Seq,
  slotOf,
} from '@chat4all/protocol'
import { Arrival } from './arrival.js'
import type { CatchUp } from './catch-up.js'
import { type Numbered, requestOf } from './client-requests.js'
import { CseqGate } from './cseq-gate.js'
import type { EdgeContext } from './edge-context.js'
import { encodeFrame } from './encoded-frames.js'
import type { EnumerationOwner } from './enumerations.js'
import { fileOf } from './file-reference.js'
import { HistoryQuestions } from './history-questions.js'
import { ListAnswer } from './list-answer.js'
import type { LocalUser } from './local-user.js'
import { NOBODY, type Request, type RequestOwner } from './slot-pipeline.js'
import { TokenBucket } from './token-bucket.js'
import type { ClientSocket } from './world.js'

/** Until when it is known, most often, whether a file may be posted. */
const FILE_LOOKUP_MS = 30

type Frame<Name extends ClientFrame['t']> = Extract<ClientFrame, { t: Name }>

/** Whom a verified token speaks for, as the core sees it. */
export interface Verified {
  readonly app: LocalUser['app']
  readonly user: LocalUser['id']
  /** When the token ends. */
  readonly expires: number
}

/**
 * One connection of one client: awaiting-hello → authenticating → open → closed. It answers for what the client says
 * (who it is, in what order it sends, how fast), and for what reaches it: once closed, nothing does.
 */
export class Session implements RequestOwner, EnumerationOwner {
  readonly socket: ClientSocket
  state: 'awaiting-hello' | 'authenticating' | 'open' | 'closed' = 'awaiting-hello'
  user: LocalUser | undefined
  id = ''
  /** When the token ends. */
  expires = Number.POSITIVE_INFINITY
  /** When the client was last heard of. */
  heardAt: Millis
  readonly openedAt: Millis
  /** Conversations in which it is behind. */
  catchUps: Set<CatchUp> | undefined
  /** Some of them wait for the socket to drain. */
  stalled = false
  /** Drain: when this session is sent away, and whether it was told. */
  drainAt = Number.POSITIVE_INFINITY
  sentAway = false
  private readonly edge: EdgeContext
  private readonly gate = new CseqGate()
  private readonly bucket: TokenBucket
  private arriving: Arrival | undefined
  /** Cursors of `hello` for conversations that were not listed: one may turn up late, or be nobody's. */
  private unmet: Map<ConversationId, Seq> | undefined
  private unanswered = 0
  private pagesHeld = 0
  private passing = false
  private questions: HistoryQuestions | undefined

  constructor(edge: EdgeContext, socket: ClientSocket) {
    this.edge = edge
    this.socket = socket
    this.openedAt = edge.now
    this.heardAt = edge.now
    this.bucket = new TokenBucket(edge.config.framesBurst, edge.now)
  }

  get closed(): boolean {
    return this.state === 'closed'
  }

  /** Nothing of it is under way: a good moment to go. */
  get settled(): boolean {
    return this.unanswered === 0
  }

  // --- what the client says ------------------------------------------------------------------------------------------

  /** One frame. `bytes` is the length of what it came in. */
  receive(frame: ClientFrame, bytes: number): void {
    switch (this.state) {
      case 'closed':
        return
      case 'awaiting-hello':
        return frame.t === 'hello' ? this.hello(frame) : this.fail('HELLO_EXPECTED', `the first frame is ${frame.t}`)
      case 'authenticating':
        return frame.t === 'hello' ? this.fail('HELLO_EXPECTED', 'a second hello') : this.hold(frame, bytes)
      case 'open':
        return this.handle(frame)
    }
  }

  /** After `hello`, frames are smaller. False: one was not, and the session is failed. */
  fits(message: Uint8Array): boolean {
    if (message.length <= FRAME_BYTES_MAX || this.state !== 'open') return true
    const reader = new Reader(message)
    while (!reader.done) {
      const start = reader.at
      reader.skip()
      if (reader.at - start > FRAME_BYTES_MAX) {
        this.fail('FRAME_TOO_LARGE', `a frame of ${reader.at - start} bytes; at most ${FRAME_BYTES_MAX} are taken`)
        return false
      }
    }
    return true
  }

  private hello(frame: Frame<'hello'>): void {
    if (frame.version_max < PROTOCOL_VERSION_MIN || frame.version_min > PROTOCOL_VERSION) {
      return this.fail('UNSUPPORTED_VERSION', `this server speaks ${PROTOCOL_VERSION_MIN} to ${PROTOCOL_VERSION}`)
    }
    const { world } = this.edge
    this.id = randomName(world.random)
    this.arriving = new Arrival(frame.device ?? randomName(world.random), frame.cursors ?? [])
    this.state = 'authenticating'
    world.verify(this, frame.token)
  }

  private hold(frame: ClientFrame, bytes: number): void {
    const arriving = this.arriving!
    arriving.held.push(frame)
    arriving.heldBytes += bytes
    const { heldBytesMax } = this.edge.config
    if (arriving.heldBytes > heldBytesMax) this.fail('RATE_LIMITED', `over ${heldBytesMax} bytes before welcome`)
  }

  private handle(frame: ClientFrame): void {
    switch (frame.t) {
      case 'send':
      case 'create':
      case 'members':
        return this.numbered(frame)
      case 'receipt':
        if (!this.limit()) this.receipt(frame)
        return
      case 'typing':
        return this.typing(frame)
      case 'history':
        return this.history(frame)
      case 'list':
        return this.list(frame)
      case 'ping':
        if (!this.limit()) this.write(encodeFrame({ t: 'pong', time: this.edge.now }))
        return
      case 'hello':
        return this.fail('HELLO_EXPECTED', 'a second hello')
    }
  }

  private take(): boolean {
    const { framesPerSecond, framesBurst } = this.edge.config
    return this.bucket.take(this.edge.now, framesPerSecond, framesBurst)
  }

  /** For frames that cannot be refused one by one. True: there were too many for too long, and the session is failed. */
  private limit(): boolean {
    return !this.take() && this.overdraw()
  }

  private overdraw(): boolean {
    if (!this.bucket.overdraw(this.edge.config.framesBurst)) return false
    this.fail('RATE_LIMITED')
    return true
  }

  private numbered(frame: Numbered): void {
    const admitted = this.gate.admit(frame.cseq)
    if (admitted === 'drop') return void this.overdraw()
    if (admitted === 'mismatch') {
      return this.fail('CSEQ_MISMATCH', `cseq ${frame.cseq} came, ${this.gate.expected} is the next`)
    }
    const { config } = this.edge
    if (!this.take()) return this.busy(frame, 'RATE_LIMITED', this.bucket.waitMs(config.framesPerSecond))
    const waitMs = this.user!.waitMs(this.edge.now)
    if (waitMs > 0) return this.busy(frame, 'RATE_LIMITED', waitMs)
    if (this.unanswered >= config.sessionUnansweredMax) return this.busy(frame, 'BUSY', config.busyRetryAfterMs)
    if (frame.t === 'send' && !this.mayPost(frame)) return
    const asked = requestOf(frame, this.user!, this.edge.world.hash)
    if (typeof asked === 'string') return this.refuse(frame, 'INVALID', asked)
    const request = this.edge.pipelines.submit(asked, this, frame.cseq, this.edge.now)
    if (request === undefined) return this.busy(frame, 'BUSY', config.busyRetryAfterMs)
    this.unanswered++
    this.user!.spend(this.edge.world, this.edge.now)
  }

  /** False: it refers to a file that is not the user's to post, or is not known to be yet; the client was told. */
  private mayPost(frame: Frame<'send'>): boolean {
    const file = fileOf(frame.payload)
    if (file === undefined) return true
    const { app, id } = this.user!
    const may = this.edge.world.mayPostFile(app, id, frame.conversation, file)
    if (may === undefined) this.busy(frame, 'BUSY', FILE_LOOKUP_MS)
    else if (!may) this.refuse(frame, 'NOT_FOUND', `there is no file ${file} to post`)
    return may === true
  }

  private busy(frame: Numbered, code: 'BUSY' | 'RATE_LIMITED', retryAfterMs: number): void {
    this.gate.refuse()
    this.edge.events.busy(code)
    this.write(encodeFrame({ t: 'busy', cseq: frame.cseq, code: ERRORS[code].wire, retry_after: retryAfterMs }))
  }

  /** An error that is final for this frame; its cseq counts as used. */
  private refuse(frame: Numbered, code: ErrorCode, detail: string): void {
    this.write(encodeFrame({ t: 'error', code: ERRORS[code].wire, detail, cseq: frame.cseq }))
  }

  private receipt({ conversation, delivered, read }: Frame<'receipt'>): void {
    const { app, id, feeds } = this.user!
    const feedUser = feeds.get(conversation)
    if (feedUser !== undefined) feedUser.mark(this.edge, delivered, read)
    // Told before the conversations were listed, or by mistake: the owner knows.
    else
      this.edge.pipelines.submit({ t: 'mark', app, conversation, user: id, delivered, read }, NOBODY, 0, this.edge.now)
  }

  private typing({ conversation, on }: Frame<'typing'>): void {
    if (!this.take()) {
      this.edge.events.shed('typing')
      this.overdraw()
    } else if (this.user!.feeds.has(conversation)) {
      this.edge.pipelines.tell(slotOf(conversation), { t: 'signal', conversation, user: this.user!.id, on })
    }
  }

  private list({ ask }: Frame<'list'>): void {
    if (!this.take()) return this.refuseQuestion(ask, 'RATE_LIMITED')
    const { app, id } = this.user!
    this.edge.enumerations.start(app, id, new ListAnswer(this, ask), this.edge.now)
  }

  refuseQuestion(ask: number, code: ErrorCode, detail: string = ERRORS[code].means): void {
    this.write(encodeFrame({ t: 'error', code: ERRORS[code].wire, detail, ask }))
    if (code === 'RATE_LIMITED') this.overdraw()
  }

  private history(frame: Frame<'history'>): void {
    if (!this.take()) return this.refuseQuestion(frame.ask, 'RATE_LIMITED')
    this.questions ??= new HistoryQuestions(this.edge, this)
    this.questions.ask(frame)
  }

  // --- what the owners answer ----------------------------------------------------------------------------------------

  acked(request: Request, seq: Seq, time: Millis): void {
    this.unanswered--
    const { frame } = request
    if (frame.t !== 'post' && frame.t !== 'change') return
    this.edge.events.acknowledged(this.edge.now - request.askedAt)
    this.write(encodeFrame({ t: 'sent', cseq: request.tag as never, message_id: frame.message_id, seq, time }))
  }

  replied(request: Request, answer: Answer): void {
    this.unanswered--
    if (answer.type !== 'opened' || this.closed) return
    this.write(encodeFrame({ t: 'created', cseq: request.tag as never, info: answer.info }))
    this.edge.feeds.join(this.user!, answer.info, answer.info.head)
  }

  refused(request: Request, code: ErrorCode, detail: string): void {
    this.unanswered--
    this.write(encodeFrame({ t: 'error', code: ERRORS[code].wire, detail, cseq: request.tag as never }))
  }

  // --- arriving ------------------------------------------------------------------------------------------------------

  /** The token is good. The user's presence is told next, then its conversations are listed: in this order (§5). */
  verified(user: LocalUser, expires: number): void {
    this.user = user
    this.expires = expires
  }

  welcome(): void {
    const { edge, arriving } = this
    if (arriving === undefined || this.state !== 'authenticating') return
    this.state = 'open'
    const { app, id } = this.user!
    this.write(
      encodeFrame({
        t: 'welcome',
        version: PROTOCOL_VERSION,
        session: this.id,
        user: id,
        device: arriving.device as never,
        time: edge.now,
        heartbeat: edge.config.heartbeatMs,
        frame_bytes_max: FRAME_BYTES_MAX,
      }),
    )
    edge.enumerations.start(app, id, this, edge.now)
    const { held } = arriving
    arriving.held = []
    for (const frame of held) this.receive(frame, 0)
  }

  listed(conversations: readonly ConversationInfo[]): void {
    if (this.state !== 'open') return
    for (const info of conversations) {
      this.edge.feeds.introduce(this.user!, this, info, this.cursorOf(info.conversation))
    }
  }

  finished(complete: boolean, settled: boolean): void {
    const { arriving } = this
    if (arriving === undefined || this.state !== 'open') return
    arriving.listed = true
    arriving.certain = complete && settled
    if (!arriving.certain) this.edge.reconcile(this.user!)
    this.readyIfTold()
  }

  /** False: it was told of this conversation before. */
  meets(conversation: ConversationId): boolean {
    if (this.arriving !== undefined) return this.arriving.meets(conversation)
    this.unmet?.delete(conversation)
    return true
  }

  forgets(conversation: ConversationId): void {
    this.arriving?.forgets(conversation)
    this.unmet?.delete(conversation)
  }

  cursorOf(conversation: ConversationId): Seq | undefined {
    return this.arriving?.cursorOf(conversation) ?? this.unmet?.get(conversation)
  }

  /** Not every conversation may have been listed yet. */
  get doubtful(): boolean {
    const { arriving } = this
    return arriving?.listed === true && !arriving.certain
  }

  /** A later list was complete. */
  settle(): void {
    if (this.arriving === undefined) return
    this.arriving.certain = true
    if (this.arriving.told) this.endArriving(this.arriving)
  }

  starting(): void {
    if (this.arriving !== undefined) this.arriving.starting++
  }

  started(): void {
    if (this.arriving === undefined) return
    this.arriving.starting--
    this.readyIfTold()
  }

  private readyIfTold(): void {
    const { arriving } = this
    if (arriving === undefined || arriving.told || !arriving.listed || arriving.starting > 0) return
    this.ready()
  }

  /** Some conversation's owner cannot be reached: the client is not kept waiting for it. */
  readyAnyway(): void {
    if (this.state === 'open' && this.arriving?.told === false) this.ready()
  }

  private ready(): void {
    const arriving = this.arriving!
    arriving.told = true
    this.write(encodeFrame({ t: 'ready', conversations: arriving.conversations }))
    if (arriving.certain) this.endArriving(arriving)
  }

  private endArriving(arriving: Arrival): void {
    this.unmet = arriving.unmet()
    this.arriving = undefined
  }

  // --- what reaches the client ---------------------------------------------------------------------------------------

  /**
   * What must not be left out (messages above all): a session that does not take it is closed as a slow consumer, and
   * the client resumes from its cursors.
   */
  write(bytes: Uint8Array): void {
    if (this.state === 'closed') return
    this.socket.write(bytes)
    this.closeIfSlow()
  }

  writeEphemeral(frame: Uint8Array, kind: 'typing' | 'presence'): void {
    if (this.state === 'closed') return
    if (this.socket.bufferedBytes > this.edge.config.ephemeralBytesMax) this.edge.events.shed(kind)
    else this.socket.write(frame)
  }

  writeReceipts(frame: Uint8Array): void {
    if (this.state === 'closed') return
    if (this.socket.bufferedBytes > this.edge.config.receiptsBytesMax) this.edge.events.shed('receipts')
    else this.socket.write(frame)
  }

  private closeIfSlow(): void {
    const waiting = this.socket.bufferedBytes
    if (waiting <= this.edge.config.socketBytesMax) return
    this.edge.events.slowConsumerClosed(waiting)
    this.shut('SLOW_CONSUMER', true)
  }

  /** Tells the client what went wrong and ends the session. */
  fail(code: ErrorCode, detail: string = ERRORS[code].means): void {
    if (this.state === 'closed') return
    this.edge.events.sessionFailed(code, detail)
    this.socket.write(
      encodeFrame({ t: 'error', code: ERRORS[code].wire, detail: detail.slice(0, DETAIL_CHARACTERS_MAX) }),
    )
    this.shut(code, false)
  }

  /** Ends the session. From here on nothing is written to it, whatever is still under way for it. */
  shut(code: ErrorCode, discard: boolean): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    const entry: ErrorEntry = ERRORS[code]
    this.socket.close(entry.close ?? ERRORS.INTERNAL.close, code, discard)
  }

  sendAway(delayMs: number): void {
    this.sentAway = true
    this.write(encodeFrame({ t: 'reconnect', delay: delayMs }))
  }

  // --- catching up ---------------------------------------------------------------------------------------------------

  /** The socket took what waited for it. */
  drained(): void {
    if (!this.stalled) return
    this.stalled = false
    for (const catchUp of this.catchUps ?? []) {
      if (this.stalled) return
      catchUp.feed.pump(catchUp)
    }
  }

  /** A session holds few pages at a time, however many conversations it is behind in. */
  takePagePlace(): boolean {
    if (this.pagesHeld >= this.edge.config.sessionPagesMax) return false
    this.pagesHeld++
    return true
  }

  endCatchUp(catchUp: CatchUp): void {
    const { catchUps } = this
    if (catchUps === undefined) return
    catchUps.delete(catchUp)
    if (catchUps.size === 0) this.catchUps = undefined
    if (!catchUp.holdsPage) return
    catchUp.holdsPage = false
    this.pagesHeld--
    if (this.state !== 'closed' && !this.passing) this.passPagePlaces(catchUps)
  }

  private passPagePlaces(catchUps: Set<CatchUp>): void {
    // A catch-up that ends within this loop frees its place for the next turn of it, not for a loop within.
    this.passing = true
    for (const next of catchUps) {
      if (this.pagesHeld >= this.edge.config.sessionPagesMax || this.stalled) break
      if (!next.holdsPage) next.feed.pump(next)
    }
    this.passing = false
  }
}

const DETAIL_CHARACTERS_MAX = 256

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A name that is told apart from others in logs; no secret. */
function randomName(random: () => number): string {
  const letters: string[] = []
  for (let i = 0; i < 16; i++) letters.push(LETTERS[Math.floor(random() * LETTERS.length)]!)
  // Joined once: a string put together letter by letter keeps all its beginnings, and each session keeps its name.
  return letters.join('')
}
