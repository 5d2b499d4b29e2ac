import {
  type ClientFrame,
  type ConversationId,
  type ConversationInfo,
  type Cseq,
  ERRORS,
  type ErrorCode,
  type Millis,
  messageIdFromBytes,
  messageIdToBytes,
  payload as payloadType,
  Reader,
  type Seq,
  type ServerFrame,
  type UserId,
  type Message as WireMessage,
} from '@chat4all/protocol'

/**
 * What a client must be able to rely on, and nothing more: a server as simple as can be, without sockets, that may
 * repeat, withhold, refuse and cut off whenever a test says so. Frames in, frames out.
 */

/** Few, so that a message that is sent again is often older. */
const WINDOW_MESSAGES = 3

export const ME = 'me' as UserId
export const OTHER = 'other' as UserId

interface Stored {
  readonly id: ConversationId
  messages: WireMessage[]
  /** Lowest seq that still exists. */
  first: number
  head: number
  readonly byMessageId: Map<string, number>
  /** Of the newest messages; what is older is looked up only where `seen` does not rule it out. */
  readonly window: Map<string, number>
  delivered: number
  read: number
  readonly created: number
  isMember: boolean
}

export interface Session {
  /** Frames of the client that the server has not read. */
  readonly inbound: ClientFrame[]
  /** Frames of the server that the client has not read. */
  readonly outbound: ServerFrame[]
  nextCseq: number
  /** After `busy`, what is not the next cseq is dropped. */
  dropping: boolean
  open: boolean
}

export class ModelServer {
  now = 1_000_000
  readonly conversations = new Map<ConversationId, Stored>()
  session: Session | undefined
  /** The next numbered frame is answered `busy`. */
  refuseNext: 'busy' | 'unavailable' | undefined
  /** Live messages of the next fan-out reach the session not, or twice. */
  readonly withheld = new Set<Stored>()
  spoilNext: 'withhold' | 'repeat' | undefined

  create(name: string): Stored {
    const id = name as ConversationId
    const created: Stored = {
      id,
      messages: [],
      first: 1,
      head: 0,
      byMessageId: new Map(),
      window: new Map(),
      delivered: 0,
      read: 0,
      created: this.now,
      isMember: true,
    }
    this.conversations.set(id, created)
    if (this.session?.open) this.tell({ t: 'conversation', info: this.info(created) })
    return created
  }

  connect(): Session {
    this.session = { inbound: [], outbound: [], nextCseq: 1, dropping: false, open: false }
    return this.session
  }

  cut(): void {
    this.session = undefined
  }

  /** Commits a message of the other user. */
  post(conversation: Stored, text: string): void {
    this.commit(conversation, OTHER, crypto.getRandomValues(new Uint8Array(16)), { type: 'text', text })
  }

  /** Everything below `first` has expired. */
  expire(conversation: Stored, first: number): void {
    conversation.first = Math.max(conversation.first, Math.min(first, conversation.head + 1))
    conversation.messages = conversation.messages.filter(({ seq }) => seq >= conversation.first)
  }

  /** One message in the middle has expired. */
  expireOne(conversation: Stored, seq: number): void {
    conversation.messages = conversation.messages.filter((message) => message.seq !== seq)
  }

  /** Reads one frame of the client. */
  step(): void {
    const frame = this.session?.inbound.shift()
    if (frame !== undefined) this.handle(frame)
  }

  private tell(frame: ServerFrame): void {
    this.session?.outbound.push(frame)
  }

  private info(stored: Stored): ConversationInfo {
    return {
      conversation: stored.id,
      type: 'group',
      head: stored.head as Seq,
      first: stored.first as Seq,
      member_count: 2,
      delivered: stored.delivered as Seq,
      read: stored.read as Seq,
      created: stored.created as Millis,
      members: [
        { user: ME, role: 'member', delivered: stored.delivered as Seq, read: stored.read as Seq },
        { user: OTHER, role: 'member', delivered: 0 as Seq, read: 0 as Seq },
      ],
    }
  }

  private run(stored: Stored, after: number, upto: number): Extract<ServerFrame, { t: 'deliver' }> {
    const messages = stored.messages.filter(({ seq }) => seq > after && seq <= upto)
    return { t: 'deliver', conversation: stored.id, after: after as Seq, upto: upto as Seq, messages }
  }

  private commit(stored: Stored, from: UserId, message_id: Uint8Array, payload: WireMessage['payload']): number {
    const seq = ++stored.head
    stored.messages.push({ seq: seq as Seq, message_id, from, time: this.now as Millis, payload })
    const id = messageIdFromBytes(message_id)
    if (stored.byMessageId.has(id)) throw new Error(`${id} is stored a second time`)
    stored.byMessageId.set(id, seq)
    stored.window.set(id, seq)
    if (stored.window.size > WINDOW_MESSAGES) stored.window.delete(stored.window.keys().next().value!)
    if (!this.session?.open || !stored.isMember) return seq
    const spoil = this.spoilNext
    this.spoilNext = undefined
    if (spoil === 'withhold') {
      this.withheld.add(stored)
      return seq
    }
    this.tell(this.run(stored, seq - 1, seq))
    if (spoil === 'repeat') this.tell(this.run(stored, Math.max(stored.first - 1, seq - 3), seq))
    return seq
  }

  private handle(frame: ClientFrame): void {
    switch (frame.t) {
      case 'hello':
        return this.hello(frame)
      case 'send':
        return this.numbered(frame.cseq, () => this.send(frame))
      case 'history':
        return this.history(frame)
      case 'receipt': {
        const stored = this.conversations.get(frame.conversation)
        if (stored === undefined) return
        stored.delivered = Math.max(stored.delivered, Math.min(frame.delivered, stored.head))
        stored.read = Math.max(stored.read, Math.min(frame.read, stored.head))
        return
      }
      case 'ping':
        return this.tell({ t: 'pong', time: this.now as Millis })
      default:
        throw new Error(`the model does not know ${frame.t}`)
    }
  }

  private hello(frame: Extract<ClientFrame, { t: 'hello' }>): void {
    const session = this.session!
    if (session.open) throw new Error('two hellos')
    session.open = true
    this.tell({
      t: 'welcome',
      version: 1,
      session: 's',
      user: ME,
      device: 'd' as never,
      time: this.now as Millis,
      heartbeat: 60_000,
      frame_bytes_max: 65_536,
    })
    const cursors = new Map(frame.cursors?.map(({ conversation, seq }) => [conversation, seq]))
    for (const stored of this.conversations.values()) {
      if (!stored.isMember) continue
      this.tell({ t: 'conversation', info: this.info(stored) })
      const cursor = cursors.get(stored.id)
      if (cursor !== undefined) this.resume(stored, cursor)
    }
    this.tell({ t: 'ready', conversations: this.conversations.size })
  }

  private resume(stored: Stored, cursor: Seq): void {
    const recovered = stored.first <= cursor + 1
    const after = recovered ? cursor : ((stored.first - 1) as Seq)
    const upto = stored.head as Seq
    const { id: conversation } = stored
    this.tell({ t: 'resumed', conversation, recovered, after, first: stored.first as Seq, upto })
    // In two portions, the first of which overlaps nothing.
    const middle = after + Math.floor((upto - after) / 2)
    if (middle > after) this.tell(this.run(stored, after, middle))
    if (upto > middle) this.tell(this.run(stored, middle, upto))
  }

  private numbered(cseq: Cseq, act: () => void): void {
    const session = this.session!
    if (cseq !== session.nextCseq) {
      if (session.dropping && cseq > session.nextCseq) return
      throw new Error(`cseq ${cseq} came, ${session.nextCseq} is the next`)
    }
    session.dropping = false
    session.nextCseq++
    const refusal = this.refuseNext
    this.refuseNext = undefined
    if (refusal === 'busy') {
      session.nextCseq--
      session.dropping = true
      this.tell({ t: 'busy', cseq, code: ERRORS.BUSY.wire, retry_after: 50 })
    } else if (refusal === 'unavailable') this.fault('UNAVAILABLE', { cseq })
    else act()
  }

  private fault(code: ErrorCode, about: { cseq?: Cseq; ask?: number }): void {
    this.tell({ t: 'error', code: ERRORS[code].wire, detail: ERRORS[code].means, ...about })
  }

  private send({ cseq, conversation, message_id, payload, seen }: Extract<ClientFrame, { t: 'send' }>): void {
    const stored = this.conversations.get(conversation)
    if (!stored?.isMember) return this.fault('NOT_FOUND', { cseq })
    const id = messageIdFromBytes(message_id)
    const isCovered = stored.head - (seen ?? 0) <= stored.window.size
    const known = stored.window.get(id) ?? (isCovered ? undefined : stored.byMessageId.get(id))
    const seq = known ?? this.commit(stored, ME, message_id, payloadType.read(new Reader(payload)))
    this.tell({ t: 'sent', cseq, message_id, seq: seq as Seq, time: this.now as Millis })
  }

  private history({ ask, conversation, since, before, limit }: Extract<ClientFrame, { t: 'history' }>): void {
    const stored = this.conversations.get(conversation)
    if (!stored?.isMember) return this.fault('NOT_FOUND', { ask })
    const after = since ?? Math.max(stored.first - 1, (before ?? stored.head + 1) - 1 - limit)
    const upto = since === undefined ? (before ?? stored.head + 1) - 1 : Math.min(stored.head, since + limit)
    const { messages } = this.run(stored, after, upto)
    const first = stored.first as Seq
    const head = stored.head as Seq
    this.tell({ t: 'page', ask, conversation, after: after as Seq, upto: upto as Seq, first, head, messages })
  }
}

/** A message_id for the n-th message of a test. */
export function messageIdOf(n: number) {
  const bytes = messageIdToBytes('00000000-0000-4000-8000-000000000000' as never)
  new DataView(bytes.buffer).setUint32(12, n)
  return messageIdFromBytes(bytes)
}
