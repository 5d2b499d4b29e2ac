import {
  CLIENT_FRAMES,
  type ClientFrame,
  type ConversationId,
  type ConversationInfo,
  type Cseq,
  type DeviceId,
  errorCodeOfWire,
  frameCodec,
  PROTOCOL_VERSION,
  SERVER_FRAMES,
  type Seq,
  type ServerFrame,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import type { History } from '../history/history.js'
import type { Operation } from '../run/plan.js'
import type { Network } from '../world/network.js'
import type { Process } from '../world/process.js'
import type { Random } from '../world/random.js'
import type { Trace } from '../world/trace.js'
import type { ClientRules } from './client-rules.js'
import { claimOf, type Request, type Session } from './client-session.js'
import type { ClientConnection, SimulatedEdge } from './edge.js'
import { encodePayload } from './encode-payload.js'
import { newMessageId } from './new-message-id.js'
import { Witness } from './witness.js'

const clientCodec = frameCodec(CLIENT_FRAMES)
const serverCodec = frameCodec(SERVER_FRAMES)

const LOOK_EVERY_MS = 1_000
const PING_AFTER_MS = 2_000
const SILENCE_MS_MAX = 5_000
const HISTORY_PAGE = 20
/** Share of messages with which a client does not say how far it had seen. */
const UNTOLD_SEEN = 0.1

/**
 * A user's device as the protocol expects it to behave: one session at a time, requests numbered and repeated in order
 * with the same message_id until answered, a cursor for each conversation, gaps noticed and asked for.
 */
export class SimulatedClient {
  readonly name: string
  readonly user: UserId
  /** Requests made, for statistics. */
  requests = 0
  private readonly process: Process
  private readonly network: Network
  private readonly edges: readonly SimulatedEdge[]
  private readonly witness: Witness
  private readonly trace: Trace
  private readonly random: Random
  private readonly rules: ClientRules
  private readonly outbox: Request[] = []
  private session: Session | undefined
  private connecting = false
  private nextEdge: number
  private sessions = 0
  private readonly have = new Map<ConversationId, Seq>()
  private readonly memberOf = new Set<ConversationId>()
  /** Heads that the client was told of: what it lacks below them, and nobody delivers, it asks for. */
  private readonly heads = new Map<ConversationId, Seq>()
  private readonly marked = new Map<ConversationId, { delivered: Seq; read: Seq }>()

  constructor(around: {
    readonly process: Process
    readonly network: Network
    readonly edges: readonly SimulatedEdge[]
    readonly history: History
    readonly trace: Trace
    readonly random: Random
    readonly rules: ClientRules
  }) {
    this.process = around.process
    this.network = around.network
    this.edges = around.edges
    this.witness = new Witness(around.process.name, around.history, around.trace)
    this.trace = around.trace
    this.rules = around.rules
    this.name = around.process.name
    this.user = this.name as UserId
    this.random = around.random.fork(this.name)
    this.nextEdge = this.random.below(this.edges.length)
  }

  start(): void {
    this.process.start()
    this.connect()
    this.process.after(LOOK_EVERY_MS, () => this.look())
  }

  /** The highest seq up to which the client has everything. */
  hasUpTo(conversation: ConversationId): Seq {
    return this.have.get(conversation) ?? (0 as Seq)
  }

  unfinished(): string[] {
    const open = this.outbox.map(({ messageId }) => `${this.name} waits for an answer to ${messageId}`)
    if (this.session?.ready !== true) open.push(`${this.name} has no session that is ready`)
    return open
  }

  // --- what the plan asks for ----------------------------------------------------------------------------------------

  perform(does: Operation['does'], conversations: Map<number, ConversationId>): void {
    switch (does.type) {
      case 'create':
        return this.create(does, conversations)
      case 'reconnect':
        this.nextEdge = does.edge % this.edges.length
        this.close(does.pauseMs)
        return
      case 'full-read':
      case 'erase':
        return
    }
    const conversation = conversations.get(does.conversation)
    if (conversation === undefined || !this.memberOf.has(conversation)) return
    switch (does.type) {
      case 'send':
        for (let count = 0; count < does.count; count++) this.send(conversation)
        return
      case 'add':
        return this.change(conversation, [`client${does.member}` as UserId], [])
      case 'remove':
        return this.change(conversation, [], [`client${does.member}` as UserId])
      case 'receipt':
        return this.mark(conversation, does.read)
      case 'history':
        return this.ask(conversation, does.back)
    }
  }

  private create(
    { conversation, group, members }: Extract<Operation['does'], { type: 'create' }>,
    conversations: Map<number, ConversationId>,
  ): void {
    const { messageId, bytes } = newMessageId(this.random)
    const users = members.map((member) => `client${member}` as UserId)
    this.request({
      messageId,
      conversation: undefined,
      make: (cseq) => ({ t: 'create', cseq, type: group ? 'group' : 'private', members: users, message_id: bytes }),
      answered: (frame) => {
        if (frame.t !== 'created') return
        this.knows(frame.info)
        // Two plans may lead to the one private conversation of two users.
        conversations.set(conversation, frame.info.conversation)
        this.witness.created(frame.info)
      },
    })
  }

  private send(conversation: ConversationId): void {
    const { messageId, bytes } = newMessageId(this.random)
    const payload = encodePayload({ type: 'text', text: `${this.name} ${this.requests}` })
    this.request({
      messageId,
      conversation,
      make: (cseq, claim) => ({
        t: 'send',
        cseq,
        conversation,
        message_id: bytes,
        payload,
        ...claim,
      }),
    })
  }

  private change(conversation: ConversationId, add: UserId[], remove: UserId[]): void {
    const { messageId, bytes } = newMessageId(this.random)
    this.request({
      messageId,
      conversation,
      make: (cseq, claim) => ({
        t: 'members',
        cseq,
        conversation,
        message_id: bytes,
        add,
        remove,
        ...claim,
      }),
    })
  }

  private mark(conversation: ConversationId, read: boolean): void {
    const delivered = this.hasUpTo(conversation)
    if (delivered === 0) return
    const before = this.marked.get(conversation)
    this.marked.set(conversation, { delivered, read: read ? delivered : (before?.read ?? (0 as Seq)) })
    this.requests++
    this.sendMark(conversation)
  }

  private sendMark(conversation: ConversationId): void {
    const marked = this.marked.get(conversation)
    if (marked !== undefined && this.session?.welcome === true) {
      this.say(this.session, { t: 'receipt', conversation, ...marked })
    }
  }

  private ask(conversation: ConversationId, back: boolean): void {
    const have = this.hasUpTo(conversation)
    this.askFor(conversation, back ? { before: (have + 1) as Seq } : { since: Math.max(0, have - 10) as Seq })
  }

  private askFor(conversation: ConversationId, from: { readonly since?: Seq; readonly before?: Seq }): void {
    const { session } = this
    if (session?.welcome !== true) return
    this.requests++
    const ask = session.nextAsk++
    session.asks.set(ask, { at: this.trace.now, conversation })
    this.say(session, { t: 'history', ask, conversation, ...from, limit: HISTORY_PAGE })
  }

  private list(session: Session): void {
    this.requests++
    const ask = session.nextAsk++
    session.lists.set(ask, this.trace.now)
    this.say(session, { t: 'list', ask })
  }

  // --- requests in order, until answered ------------------------------------------------------------------------------

  private request(request: Omit<Request, 'cseq' | 'handedOver' | 'seen'>): void {
    this.requests++
    this.outbox.push({ ...request, cseq: undefined, handedOver: false, seen: undefined })
    this.handOver()
  }

  /** Hands everything to the session that it does not have, in order. */
  private handOver(): void {
    const { session } = this
    if (session?.welcome !== true || this.trace.now < session.waitUntil) return
    const frames: ClientFrame[] = []
    for (const request of this.outbox) {
      if (request.cseq !== undefined) continue
      request.cseq = session.nextCseq++ as Cseq
      const isFirst = !request.handedOver || !this.rules.firstSeen
      if (isFirst && request.conversation !== undefined) request.seen = this.seenOf(request.conversation)
      frames.push(request.make(request.cseq, claimOf(request)))
      if (request.conversation !== undefined) {
        const { messageId, conversation, handedOver } = request
        this.trace.note(
          'sends',
          this.name,
          `${messageId.slice(0, 8)} to ${conversation} as ${request.cseq}${handedOver ? ', again' : ''}`,
        )
        this.witness.sending(session.name, conversation, messageId, handedOver)
      }
      request.handedOver = true
    }
    this.say(session, ...frames)
  }

  /** The most that the client may claim, or nothing, as of an old client. */
  private seenOf(conversation: ConversationId): Seq | undefined {
    if (this.random.chance(UNTOLD_SEEN)) return undefined
    return Math.max(this.hasUpTo(conversation), this.heads.get(conversation) ?? 0) as Seq
  }

  private answered(cseq: Cseq, frame: ServerFrame): Request | undefined {
    const index = this.outbox.findIndex((request) => request.cseq === cseq)
    const request = this.outbox[index]
    if (request === undefined) return undefined
    this.outbox.splice(index, 1)
    request.answered?.(frame)
    return request
  }

  private goBackTo(cseq: Cseq, retryAfterMs: number): void {
    const { session } = this
    if (session === undefined) return
    for (const request of this.outbox) if (request.cseq !== undefined && request.cseq >= cseq) request.cseq = undefined
    session.nextCseq = cseq
    session.waitUntil = this.trace.now + retryAfterMs
    this.process.after(retryAfterMs + 1, () => this.handOver())
  }

  // --- sessions ------------------------------------------------------------------------------------------------------

  private connect(): void {
    if (this.session !== undefined || this.connecting) return
    this.connecting = true
    const edge = this.edges[this.nextEdge]!
    this.network.connect<Uint8Array, Uint8Array>(
      this.process,
      edge.process,
      (connection) => edge.accept(connection),
      (connection) => {
        this.connecting = false
        return this.opened(connection, edge)
      },
      () => {
        this.connecting = false
        this.nextEdge = this.random.below(this.edges.length)
        this.process.after(this.random.between(50, 800), () => this.connect())
      },
    )
  }

  private opened(connection: ClientConnection, edge: SimulatedEdge) {
    const name = `${this.name}.${++this.sessions}`
    const session: Session = {
      name,
      connection,
      openedAt: this.trace.now,
      welcome: false,
      ready: false,
      nextCseq: 1,
      waitUntil: 0,
      heardAt: this.trace.now,
      nextAsk: 1,
      lists: new Map(),
      asks: new Map(),
    }
    this.session = session
    const have = new Map(this.have)
    this.trace.note(
      'connects',
      this.name,
      `to ${edge.process.name} as ${name} with ${[...have].map(([id, seq]) => `${id}:${seq}`).join(' ')}`,
    )
    this.witness.connected(name, have)
    this.say(session, {
      t: 'hello',
      version_min: PROTOCOL_VERSION,
      version_max: PROTOCOL_VERSION,
      token: this.user,
      device: this.name as DeviceId,
      cursors: [...have].map(([conversation, seq]) => ({ conversation, seq })),
    })
    return {
      frames: (messages: readonly Uint8Array[]) => {
        for (const message of messages) {
          serverCodec.decodeAll(message, (frame) => {
            if (this.session === session) this.frame(session, frame)
          })
        }
      },
      closed: () => {
        if (this.session === session) this.close(this.random.between(20, 1_500))
      },
    }
  }

  private say(session: Session, ...frames: readonly ClientFrame[]): void {
    if (frames.length === 0) return
    const writer = new Writer(256)
    for (const frame of frames) clientCodec.encode(writer, frame)
    session.connection.sendUp([writer.take()])
  }

  /** The connection is lost by chance. */
  cut(): void {
    if (this.session !== undefined) this.close(this.random.between(1, 2_000))
  }

  private close(reconnectAfterMs: number): void {
    const { session } = this
    if (session === undefined) return
    this.trace.note('disconnects', this.name, session.name)
    this.session = undefined
    session.connection.cut()
    for (const request of this.outbox) request.cseq = undefined
    this.process.after(reconnectAfterMs, () => this.connect())
  }

  private look(): void {
    this.process.after(LOOK_EVERY_MS, () => this.look())
    const { session } = this
    if (session === undefined) return this.connect()
    if (session.ready) this.askForWhatIsMissing()
    const silentFor = this.trace.now - session.heardAt
    if (silentFor > SILENCE_MS_MAX) {
      this.nextEdge = this.random.below(this.edges.length)
      this.close(this.random.between(20, 500))
    } else if (silentFor > PING_AFTER_MS) this.say(session, { t: 'ping' })
  }

  private askForWhatIsMissing(): void {
    for (const conversation of this.memberOf) {
      const have = this.hasUpTo(conversation)
      if (have < (this.heads.get(conversation) ?? 0)) this.askFor(conversation, { since: have })
    }
  }

  // --- what comes ----------------------------------------------------------------------------------------------------

  private frame(session: Session, frame: ServerFrame): void {
    session.heardAt = this.trace.now
    switch (frame.t) {
      case 'welcome':
        session.welcome = true
        return this.handOver()
      case 'ready':
        session.ready = true
        this.list(session)
        return
      case 'sent': {
        const request = this.answered(frame.cseq, frame)
        if (request?.conversation === undefined) return
        const { conversation, messageId } = request
        this.trace.note('sent', this.name, `${messageId.slice(0, 8)} of ${conversation} at ${frame.seq}`)
        this.witness.sent(session.name, conversation, messageId, frame.seq)
        return
      }
      case 'created':
        return void this.answered(frame.cseq, frame)
      case 'error':
        return this.failed(session, frame)
      case 'busy':
        return this.goBackTo(frame.cseq, frame.retry_after)
      case 'deliver':
        return this.delivered(session, frame)
      case 'page': {
        const asked = session.asks.get(frame.ask)
        session.asks.delete(frame.ask)
        if (asked === undefined) return
        const { conversation, after, upto, head } = frame
        this.trace.note('reads', this.name, `${conversation} (${after}, ${upto}] of ${head}`)
        this.witness.page(session.name, asked.at, frame)
        // A page that joins what the client has closes a gap, or a part of it.
        if (after > this.hasUpTo(conversation) || upto <= this.hasUpTo(conversation)) return
        this.have.set(conversation, upto)
        if (upto < head) this.askFor(conversation, { since: upto })
        return
      }
      case 'conversation':
        this.witness.begins(session.name, frame.info.conversation, frame.info.head, false)
        return this.knows(frame.info, session)
      case 'conversations': {
        const askedAt = session.lists.get(frame.ask)
        for (const info of frame.conversations) this.knows(info, session, askedAt)
        return
      }
      case 'receipts':
        this.witness.cursors(session.name, frame.conversation, frame)
        return
      case 'removed':
        this.trace.note('leaves', this.name, `${frame.conversation} after ${frame.upto}`)
        this.memberOf.delete(frame.conversation)
        // Who is added again later begins where the conversation is then.
        this.have.delete(frame.conversation)
        this.witness.left(session.name, frame.conversation)
        return
      case 'reconnect':
        return this.close(frame.delay)
      case 'resumed':
        this.witness.begins(session.name, frame.conversation, frame.after, true)
        this.trace.note(
          'resumes',
          this.name,
          `${frame.conversation} behind ${frame.after}${frame.recovered ? '' : `, what is below ${frame.first} is gone`}`,
        )
        return
      case 'typing_event':
      case 'presence':
      case 'pong':
        return
    }
  }

  private knows(info: ConversationInfo, session?: Session, askedAt?: number): void {
    if (!this.have.has(info.conversation)) this.have.set(info.conversation, info.head)
    this.memberOf.add(info.conversation)
    if (info.head > (this.heads.get(info.conversation) ?? 0)) this.heads.set(info.conversation, info.head)
    const marked = this.marked.get(info.conversation)
    if (marked !== undefined && (info.delivered < marked.delivered || info.read < marked.read))
      this.sendMark(info.conversation)
    if (session === undefined) return
    for (const member of info.members ?? []) {
      this.witness.cursors(session.name, info.conversation, member, askedAt)
    }
  }

  private delivered(session: Session, frame: Extract<ServerFrame, { t: 'deliver' }>): void {
    const { conversation, after, upto } = frame
    this.trace.note('sees', this.name, `${conversation} (${after}, ${upto}]`)
    this.witness.delivered(session.name, frame)
    const have = this.hasUpTo(conversation)
    if (after > have) this.askFor(conversation, { since: have })
    else if (upto > have) this.have.set(conversation, upto)
  }

  private failed(session: Session, frame: Extract<ServerFrame, { t: 'error' }>): void {
    if (frame.ask !== undefined) session.asks.delete(frame.ask)
    if (frame.cseq === undefined) return
    const code = errorCodeOfWire(frame.code)
    const request = this.answered(frame.cseq, frame)
    if (request?.conversation === undefined) return
    const { conversation, messageId } = request
    this.trace.note('refused', this.name, `${messageId.slice(0, 8)} of ${conversation}: ${code} ${frame.detail}`)
    this.witness.refused(session.name, conversation, messageId, code)
  }
}
