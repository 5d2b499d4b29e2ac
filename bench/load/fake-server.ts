import { App, us_listen_socket_close, us_socket_local_port, type WebSocket } from 'uWebSockets.js'
import {
  CLIENT_FRAMES,
  type ClientFrame,
  type ConversationId,
  type DeviceId,
  frameCodec,
  type Message,
  type Millis,
  messageKey,
  millis,
  PROTOCOL_VERSION,
  SERVER_FRAMES,
  type ServerFrame,
  seq,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import { SESSION_PATH } from './dialects/chat4all-session.js'

/**
 * The smallest server that speaks the protocol, in memory and in this process: for the tests of the generator, and
 * with faults planted, for the tests of its checkers. A checker that has never found a fault proves nothing.
 */

export const PLANTS = [
  'deliver twice',
  'skip a delivery',
  'change the content',
  'acknowledge twice',
  'never acknowledge',
  'acknowledge with another seq',
  'acknowledge with another message_id',
  'stop delivering',
  'cut the connection',
  'lose what was acknowledged at a crash',
  'store again what is sent again',
] as const
export type Plant = (typeof PLANTS)[number]

export interface FakeServerOptions {
  /** A fault, at every message with this seq. */
  readonly plant?: { readonly fault: Plant; readonly atSeq: number }
}

export interface FakeServer {
  readonly port: number
  /** How far each user has told that messages were delivered to it. */
  readonly delivered: ReadonlyMap<string, number>
  /** Cuts all connections, as a crash does; what was stored stays. */
  crash(): void
  close(): void
}

interface Session {
  user: UserId
  frames(...frames: ServerFrame[]): void
}

interface Conversation {
  readonly id: ConversationId
  readonly members: Set<UserId>
  readonly messages: Message[]
  /** Planted: from here on nothing is delivered. */
  silent: boolean
}

const now = (): Millis => millis(Date.now())
const incoming = frameCodec(CLIENT_FRAMES)
const outgoing = frameCodec(SERVER_FRAMES)

export function startFakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  const sessions = new Map<WebSocket<Session>, Session>()
  const conversations = new Map<ConversationId, Conversation>()
  const delivered = new Map<string, number>()
  const writer = new Writer()

  const sessionsOf = (conversation: Conversation): Session[] =>
    [...sessions.values()].filter((session) => conversation.members.has(session.user))

  const infoOf = (conversation: Conversation) => ({
    conversation: conversation.id,
    type: conversation.members.size === 2 ? ('private' as const) : ('group' as const),
    head: seq(conversation.messages.length),
    first: seq(1),
    member_count: conversation.members.size,
    delivered: seq(0),
    read: seq(0),
    created: now(),
  })

  const append = (conversation: Conversation, message: Omit<Message, 'seq' | 'time'>): Message => {
    const stored = { ...message, seq: seq(conversation.messages.length + 1), time: now() }
    conversation.messages.push(stored)
    return stored
  }

  const deliver = (conversation: Conversation, message: Message, except: Session, socket: WebSocket<Session>): void => {
    const fault = options.plant?.atSeq === message.seq ? options.plant.fault : undefined
    if (fault === 'stop delivering') conversation.silent = true
    if (fault === 'skip a delivery' || conversation.silent) return
    if (fault === 'cut the connection') return socket.close()
    const shown: Message =
      fault === 'change the content' ? { ...message, payload: { type: 'text', text: 'x'.repeat(128) } } : message
    const frame: ServerFrame = {
      t: 'deliver',
      conversation: conversation.id,
      after: seq(message.seq - 1),
      upto: message.seq,
      messages: [shown],
    }
    for (const session of sessionsOf(conversation)) {
      if (session === except) continue
      session.frames(frame)
      if (fault === 'deliver twice') session.frames(frame)
    }
  }

  const acknowledge = (
    session: Session,
    frame: Extract<ClientFrame, { t: 'send' }>,
    message: Message,
    isFirst: boolean,
  ): void => {
    const fault = options.plant?.atSeq === message.seq ? options.plant.fault : undefined
    if (fault === 'never acknowledge' || (fault === 'store again what is sent again' && isFirst)) return
    const sent = { t: 'sent' as const, cseq: frame.cseq, message_id: frame.message_id, seq: message.seq, time: now() }
    if (fault === 'acknowledge with another seq') session.frames({ ...sent, seq: seq(message.seq + 7) })
    else if (fault === 'acknowledge with another message_id')
      session.frames({ ...sent, message_id: new Uint8Array(16) })
    else session.frames(sent)
    if (fault === 'acknowledge twice') session.frames(sent)
  }

  const handle = (socket: WebSocket<Session>, session: Session, frame: ClientFrame): void => {
    switch (frame.t) {
      case 'hello': {
        session.user = frame.token as UserId
        const own = [...conversations.values()].filter((conversation) => conversation.members.has(session.user))
        session.frames({
          t: 'welcome',
          version: PROTOCOL_VERSION,
          session: 'fake',
          user: session.user,
          device: 'd' as DeviceId,
          time: now(),
          heartbeat: 60_000,
          frame_bytes_max: 65_536,
        })
        for (const conversation of own) session.frames({ t: 'conversation', info: infoOf(conversation) })
        session.frames({ t: 'ready', conversations: own.length })
        for (const { conversation: id, seq: after } of frame.cursors ?? []) {
          const messages = conversations.get(id)?.messages.slice(after) ?? []
          const upto = seq(after + messages.length)
          session.frames({ t: 'resumed', conversation: id, recovered: true, after, first: seq(1), upto })
          if (messages.length > 0) session.frames({ t: 'deliver', conversation: id, after, upto, messages })
        }
        return
      }
      case 'create': {
        const id = `c${conversations.size}` as ConversationId
        const conversation = {
          id,
          members: new Set([session.user, ...frame.members]),
          messages: [],
          silent: false,
        }
        conversations.set(id, conversation)
        return session.frames({ t: 'created', cseq: frame.cseq, info: infoOf(conversation) })
      }
      case 'members': {
        const conversation = conversations.get(frame.conversation)!
        for (const user of frame.add) conversation.members.add(user)
        const { message_id, add: added, remove: removed } = frame
        const change = append(conversation, {
          message_id,
          from: session.user,
          payload: { type: 'membership', added, removed },
        })
        return session.frames({ t: 'sent', cseq: frame.cseq, message_id, seq: change.seq, time: change.time })
      }
      case 'send': {
        const conversation = conversations.get(frame.conversation)!
        const text = new TextDecoder().decode(frame.payload.subarray(frame.payload.length - 128))
        const message_id = Uint8Array.from(frame.message_id)
        const stored = conversation.messages.find(
          (earlier) => messageKey(earlier.message_id) === messageKey(message_id),
        )
        if (stored !== undefined && options.plant?.fault !== 'store again what is sent again')
          return acknowledge(session, { ...frame, message_id }, stored, false)
        const message = append(conversation, { message_id, from: session.user, payload: { type: 'text', text } })
        acknowledge(session, { ...frame, message_id }, message, stored === undefined)
        return deliver(conversation, message, session, socket)
      }
      case 'history': {
        const conversation = conversations.get(frame.conversation)!
        const after = frame.since ?? seq(0)
        const messages = conversation.messages.slice(after, after + frame.limit)
        return session.frames({
          t: 'page',
          ask: frame.ask,
          conversation: conversation.id,
          after,
          upto: seq(after + messages.length),
          first: seq(1),
          head: seq(conversation.messages.length),
          messages,
        })
      }
      case 'receipt':
        delivered.set(session.user, frame.delivered)
        return
      case 'ping':
        return session.frames({ t: 'pong', time: now() })
      default:
        throw new Error(`the fake server does not know ${frame.t}`)
    }
  }

  const app = App()
  app.post('/auth/token', (response) => {
    let body = ''
    response.onAborted(() => {})
    response.onData((chunk, last) => {
      body += Buffer.from(chunk).toString()
      if (!last) return
      // The token of the fake is the user's name.
      const { user } = JSON.parse(body) as { user: string }
      response.end(JSON.stringify({ access_token: user, expires_in: 3600 }))
    })
  })
  app.ws<Session>(SESSION_PATH, {
    maxPayloadLength: 256 * 1024,
    open(socket) {
      sessions.set(socket, {
        user: '' as UserId,
        frames(...frames) {
          for (const frame of frames) outgoing.encode(writer, frame)
          socket.send(writer.take(), true)
        },
      })
    },
    message(socket, bytes) {
      // What is stored outlives the call; `bytes` does not.
      const copy = new Uint8Array(bytes.slice(0))
      incoming.decodeAll(copy, (frame) => handle(socket, sessions.get(socket)!, frame))
    },
    close(socket) {
      sessions.delete(socket)
    },
  })
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (listening) => {
      if (listening === false) return reject(new Error('cannot listen'))
      resolve({
        port: us_socket_local_port(listening),
        delivered,
        crash() {
          if (options.plant?.fault === 'lose what was acknowledged at a crash')
            for (const conversation of conversations.values()) conversation.messages.length = options.plant.atSeq
          for (const socket of [...sessions.keys()]) socket.close()
        },
        close() {
          us_listen_socket_close(listening)
          for (const socket of [...sessions.keys()]) socket.close()
        },
      })
    })
  })
}
