import {
  type ClientFrame,
  type ConversationId,
  type ConversationInfo,
  errorCodeOfWire,
  type Seq,
  type ServerFrame,
} from '@chat4all/protocol'
import type { Recorder } from '../history/history-file.js'
import type { SeenMessage } from '../history/observation.js'
import type { Random } from '../random.js'
import { frameOf, type Request } from './request.js'
import { seenInFrame } from './seen-message.js'
import { Session } from './session.js'
import { Witness } from './witness.js'

/**
 * A user's device as the protocol asks it to be: one session at a time, requests numbered and repeated in order with the
 * same message_id until they are answered, a cursor for each conversation. It writes down all that it does and is told.
 */

const LOOK_EVERY_MS = 500
const PING_AFTER_MS = 2_000
/** Without a word for so long, the device takes its edge for gone. */
const SILENCE_MS_MAX = 8_000
const CONNECT_MS_MAX = 5_000
const READY_MS_MAX = 15_000
/** Share of requests with which the device does not say how far it had seen, as old clients do not. */
const UNTOLD_SEEN = 0.2
const PAGE_MESSAGES = 100

interface Outgoing {
  readonly request: Request
  /** Number in the present session; undefined: not handed to it yet. */
  cseq: number | undefined
  handedOver: boolean
  seen: number | undefined
  readonly since: number
}

interface Open {
  readonly name: string
  readonly edge: string
  session: Session | undefined
  readonly openedAt: number
  welcome: boolean
  ready: boolean
  nextCseq: number
  waitUntil: number
  heardAt: number
  nextAsk: number
  /** Conversations that this session was told of. */
  readonly told: Set<string>
  readonly asks: Map<number, (frame: ServerFrame | undefined) => void>
}

export interface DeviceOptions {
  readonly name: string
  readonly user: string
  readonly token: string
  /** Edges by name, with the port to dial. */
  readonly edges: ReadonlyMap<string, number>
  /** Where it connects first; anywhere unless given. */
  readonly firstEdge?: string
  readonly recorder: Recorder
  readonly random: Random
  /** A message of this device is stored; with what it was. */
  readonly onSent: (request: Request, seq: number) => void
}

export class Device {
  readonly name: string
  readonly user: string
  /** Conversations that its user is a member of. */
  readonly memberOf = new Set<string>()
  private readonly options: DeviceOptions
  private readonly recorder: Recorder
  private readonly witness: Witness
  private readonly random: Random
  private readonly had = new Map<string, number>()
  private readonly outbox: Outgoing[] = []
  private readonly marked = new Map<string, { delivered: number; read: number }>()
  private open: Open | undefined
  private sessions = 0
  private nextEdge: string
  private closing = false
  private reconnectAt = 0
  private readonly looking: NodeJS.Timeout

  constructor(options: DeviceOptions) {
    this.options = options
    this.name = options.name
    this.user = options.user
    this.recorder = options.recorder
    this.witness = new Witness(options.name, options.user, options.recorder)
    this.random = options.random
    this.nextEdge = options.firstEdge ?? this.random.pick([...options.edges.keys()])
    this.looking = setInterval(() => this.look(), LOOK_EVERY_MS)
    this.connect()
  }

  get ready(): boolean {
    return this.open?.ready === true
  }

  /** What waits for an answer, the oldest first. */
  get unanswered(): readonly Outgoing[] {
    return this.outbox
  }

  /** How far the device has got in a conversation. */
  hadUpTo(conversation: string): number {
    return this.had.get(conversation) ?? 0
  }

  /** Sends a request as soon as there is a session, again and again until it is answered. */
  request(request: Request): void {
    this.outbox.push({
      request,
      cseq: undefined,
      handedOver: false,
      seen: undefined,
      since: this.recorder.now(),
    })
    this.handOver()
  }

  /** The same for a request that was answered before. */
  requestAgain(request: Request): void {
    this.outbox.push({ request, cseq: undefined, handedOver: true, seen: undefined, since: this.recorder.now() })
    this.handOver()
  }

  /** Says how far the user has received and read a conversation. */
  mark(conversation: string, delivered: number, read: number): void {
    this.marked.set(conversation, { delivered, read })
    this.witness.marking(conversation, delivered, read)
    this.sendMark(conversation)
  }

  /** Reads a page; undefined: no answer came. `since`: upwards from there, else downwards from `before`. */
  async page(conversation: string, from: { readonly since?: number; readonly before?: number }) {
    const askedAt = this.recorder.now()
    const frame = await this.askHistory(conversation, from)
    if (frame?.t !== 'page') return undefined
    const { after, upto, head } = frame
    return { askedAt, after, upto, head, messages: frame.messages.map(seenInFrame) }
  }

  /** Reads a page and writes it down. */
  async readPage(conversation: string, from: { readonly since?: number; readonly before?: number }): Promise<void> {
    const page = await this.page(conversation, from)
    if (page === undefined) return
    const at = this.recorder.now()
    this.recorder.record({ type: 'page', at, device: this.name, way: 'socket', conversation, ...page })
  }

  /** Reads a conversation from its first message to its head; undefined: some page was not answered. */
  async readAll(conversation: string): Promise<
    | {
        readonly askedAt: number
        readonly head: number
        readonly edge: string
        readonly messages: readonly SeenMessage[]
      }
    | undefined
  > {
    const askedAt = this.recorder.now()
    const messages: SeenMessage[] = []
    for (let after = 0; ; ) {
      const page = await this.page(conversation, { since: after })
      if (page === undefined || (page.upto <= after && page.upto < page.head)) return undefined
      messages.push(...page.messages)
      after = page.upto
      if (after >= page.head) return { askedAt, head: page.head, edge: this.open?.edge ?? '', messages }
    }
  }

  /** Asks for the user's conversations, and writes down the cursors that come with them. */
  async askCursors(): Promise<void> {
    const askedAt = this.recorder.now()
    const frame = await this.ask((ask) => ({ t: 'list', ask }))
    if (frame?.t !== 'conversations') return
    for (const info of frame.conversations) this.witness.members(this.open?.name ?? this.name, info, askedAt)
  }

  /** Ends the session and connects again, to another edge if there is one. */
  reconnect(): void {
    this.nextEdge = this.random.pick([...this.options.edges.keys()])
    this.drop('reconnects', this.random.between(10, 500))
  }

  close(): void {
    this.closing = true
    clearInterval(this.looking)
    this.drop('ends', 0)
  }

  // --- sessions ------------------------------------------------------------------------------------------------------

  private connect(): void {
    if (this.closing || this.open !== undefined) return
    const { recorder } = this
    const edge = this.nextEdge
    const open: Open = {
      name: `${this.name}.${++this.sessions}`,
      edge,
      session: undefined,
      openedAt: recorder.now(),
      welcome: false,
      ready: false,
      nextCseq: 1,
      waitUntil: 0,
      heardAt: recorder.now(),
      nextAsk: 1,
      told: new Set(),
      asks: new Map(),
    }
    this.open = open
    const had = new Map(this.had)
    Session.open(
      { port: this.options.edges.get(edge)!, token: this.options.token, device: deviceId(this.name), cursors: had },
      {
        frame: (frame) => {
          if (this.open === open) this.frame(open, frame)
        },
        closed: (reason) => this.lost(open, reason),
      },
    ).then(
      (session) => {
        if (this.open !== open) return session.destroy()
        open.session = session
        this.witness.connected(open.name, edge, had)
      },
      () => {
        if (this.open !== open) return
        this.open = undefined
        this.comeBack(this.random.between(50, 800))
      },
    )
  }

  private lost(open: Open, reason: string): void {
    if (this.open !== open) return
    this.tellClosed(open, false, reason)
    this.forget(open, this.random.between(20, 1_000))
  }

  private drop(reason: string, afterMs: number): void {
    const { open } = this
    if (open === undefined) return
    this.tellClosed(open, true, reason)
    this.forget(open, afterMs)
    open.session?.destroy()
  }

  private tellClosed(open: Open, wanted: boolean, reason: string): void {
    if (open.session === undefined) return
    this.witness.closed(open.name, open.edge, wanted, reason)
  }

  private forget(open: Open, afterMs: number): void {
    this.open = undefined
    for (const outgoing of this.outbox) outgoing.cseq = undefined
    for (const answer of open.asks.values()) answer(undefined)
    this.comeBack(afterMs)
  }

  private comeBack(afterMs: number): void {
    if (this.closing) return
    this.nextEdge = this.random.pick([...this.options.edges.keys()])
    this.reconnectAt = this.recorder.now() + afterMs
    setTimeout(() => {
      if (this.recorder.now() >= this.reconnectAt - 1) this.connect()
    }, afterMs).unref()
  }

  private look(): void {
    const { open } = this
    const now = this.recorder.now()
    if (open === undefined) {
      if (now > this.reconnectAt + LOOK_EVERY_MS) this.connect()
      return
    }
    if (open.session === undefined) {
      if (now - open.openedAt > CONNECT_MS_MAX) this.drop('no connection', 100)
      return
    }
    const silentFor = now - open.heardAt
    if (silentFor > SILENCE_MS_MAX) this.drop('the edge is silent', this.random.between(20, 500))
    else if (!open.ready && now - open.openedAt > READY_MS_MAX) this.drop('never ready', 100)
    else if (silentFor > PING_AFTER_MS) open.session.write({ t: 'ping' })
  }

  // --- requests, in order, until answered --------------------------------------------------------------------------

  private handOver(): void {
    const { open, recorder } = this
    if (open?.welcome !== true || recorder.now() < open.waitUntil) return
    const frames: ClientFrame[] = []
    for (const outgoing of this.outbox) {
      if (outgoing.cseq !== undefined) continue
      const { request } = outgoing
      outgoing.cseq = open.nextCseq++
      if (!outgoing.handedOver && !this.random.chance(UNTOLD_SEEN)) outgoing.seen = this.hadUpTo(request.conversation)
      frames.push(frameOf(request, outgoing.cseq, outgoing.seen))
      this.witness.sending(open.edge, request, outgoing.handedOver)
      outgoing.handedOver = true
    }
    open.session?.write(...frames)
  }

  private goBackTo(open: Open, cseq: number, retryAfterMs: number): void {
    for (const outgoing of this.outbox) {
      if (outgoing.cseq !== undefined && outgoing.cseq >= cseq) outgoing.cseq = undefined
    }
    open.nextCseq = cseq
    open.waitUntil = this.recorder.now() + retryAfterMs
    setTimeout(() => this.handOver(), retryAfterMs + 1).unref()
  }

  private take(cseq: number): Outgoing | undefined {
    const index = this.outbox.findIndex((outgoing) => outgoing.cseq === cseq)
    return index < 0 ? undefined : this.outbox.splice(index, 1)[0]
  }

  private failed(open: Open, frame: Extract<ServerFrame, { t: 'error' }>): void {
    if (frame.ask !== undefined) this.answer(open, frame.ask, frame)
    if (frame.cseq === undefined) return
    const outgoing = this.take(frame.cseq)
    if (outgoing === undefined) return
    const { request } = outgoing
    const code = errorCodeOfWire(frame.code)
    this.witness.refused(open.edge, request, code)
    // It may be stored: the same message_id again, until that is known.
    if (code === 'UNAVAILABLE' || code === 'INTERNAL') {
      outgoing.cseq = undefined
      setTimeout(() => {
        this.outbox.push(outgoing)
        this.handOver()
      }, 500).unref()
    }
  }

  // --- what comes ----------------------------------------------------------------------------------------------------

  private frame(open: Open, frame: ServerFrame): void {
    open.heardAt = this.recorder.now()
    switch (frame.t) {
      case 'welcome':
        open.welcome = true
        return this.handOver()
      case 'ready':
        open.ready = true
        for (const conversation of this.marked.keys()) this.sendMark(conversation)
        return void this.doubt(open)
      case 'sent': {
        const outgoing = this.take(frame.cseq)
        if (outgoing === undefined) return
        this.witness.sent(open.edge, outgoing.request, frame.seq)
        return this.options.onSent(outgoing.request, frame.seq)
      }
      case 'busy':
        return this.goBackTo(open, frame.cseq, frame.retry_after)
      case 'error':
        return this.failed(open, frame)
      case 'deliver':
        return this.delivered(open, frame)
      case 'page':
        return this.answer(open, frame.ask, frame)
      case 'conversations':
        if (frame.last) this.answer(open, frame.ask, frame)
        return
      case 'conversation':
        return this.begins(open, frame.info)
      case 'resumed':
        open.told.add(frame.conversation)
        return this.witness.begins(open.name, frame.conversation, frame.after, true)
      case 'receipts':
        return this.witness.receipts(open.name, frame)
      case 'removed':
        return this.leave(open, frame.conversation)
      case 'reconnect':
        return this.drop('the edge goes away', frame.delay)
      case 'created':
      case 'typing_event':
      case 'presence':
      case 'pong':
        return
    }
  }

  private begins(open: Open, info: ConversationInfo): void {
    const { conversation, head } = info
    open.told.add(conversation)
    this.memberOf.add(conversation)
    if (!this.had.has(conversation)) this.had.set(conversation, head)
    this.witness.begins(open.name, conversation, head, false)
    this.witness.members(open.name, info)
  }

  private leave(open: Open, conversation: string): void {
    this.memberOf.delete(conversation)
    this.had.delete(conversation)
    this.witness.left(open.name, conversation)
  }

  /** What the device has and was not told of, its user may have been removed from meanwhile: it asks. */
  private async doubt(open: Open): Promise<void> {
    for (const conversation of this.memberOf) {
      if (open.told.has(conversation)) continue
      const frame = await this.askHistory(conversation, { since: this.hadUpTo(conversation) })
      const isGone = frame?.t === 'error' && errorCodeOfWire(frame.code) === 'NOT_FOUND'
      if (isGone && this.open === open && !open.told.has(conversation)) this.leave(open, conversation)
    }
  }

  private delivered(open: Open, frame: Extract<ServerFrame, { t: 'deliver' }>): void {
    const { conversation, after, upto } = frame
    this.witness.delivered(open.name, frame)
    const had = this.hadUpTo(conversation)
    if (after <= had && upto > had) this.had.set(conversation, upto)
  }

  // --- questions -----------------------------------------------------------------------------------------------------

  private askHistory(conversation: string, from: { readonly since?: number; readonly before?: number }) {
    return this.ask((ask) => ({
      t: 'history',
      ask,
      conversation: conversation as ConversationId,
      ...(from.since !== undefined && { since: from.since as Seq }),
      ...(from.before !== undefined && { before: from.before as Seq }),
      limit: PAGE_MESSAGES,
    }))
  }

  private ask(make: (ask: number) => ClientFrame): Promise<ServerFrame | undefined> {
    const { open } = this
    if (open?.welcome !== true || open.session === undefined) return Promise.resolve(undefined)
    const ask = open.nextAsk++
    open.session.write(make(ask))
    return new Promise((resolve) => {
      open.asks.set(ask, resolve)
    })
  }

  private answer(open: Open, ask: number, frame: ServerFrame): void {
    const answer = open.asks.get(ask)
    open.asks.delete(ask)
    answer?.(frame)
  }

  private sendMark(conversation: string): void {
    const marked = this.marked.get(conversation)
    if (marked === undefined || this.open?.welcome !== true) return
    this.open.session?.write({
      t: 'receipt',
      conversation: conversation as ConversationId,
      delivered: marked.delivered as Seq,
      read: marked.read as Seq,
    })
  }
}

/** Ids of devices have no slash. */
function deviceId(name: string): string {
  return name.replaceAll('/', '.')
}
