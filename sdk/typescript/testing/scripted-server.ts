import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import {
  CLIENT_FRAMES,
  type ClientFrame,
  frameCodec,
  messageIdToBytes,
  SERVER_FRAMES,
  type ServerFrame,
  SOCKET_PATH,
  Writer,
} from '@chat4all/protocol'
import { type WebSocket, WebSocketServer } from 'ws'

const clientCodec = frameCodec(CLIENT_FRAMES)
const serverCodec = frameCodec(SERVER_FRAMES)

type Of<Name extends ClientFrame['t']> = Extract<ClientFrame, { t: Name }>

/** One connection, as the test that plays the server sees it. */
export class ScriptedSession {
  private readonly socket: WebSocket
  private readonly frames: ClientFrame[] = []
  private wake: (() => void) | undefined
  /** Sizes of the WebSocket messages that came. */
  readonly messageBytes: number[] = []

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => {
      this.messageBytes.push(data.length)
      clientCodec.decodeAll(data, (frame) => this.frames.push(frame))
      this.wake?.()
    })
  }

  /** The next frame of this kind; pings are passed over, another frame fails the test. */
  async next<Name extends ClientFrame['t']>(name: Name): Promise<Of<Name>> {
    for (;;) {
      const frame = this.frames.shift()
      if (frame === undefined) await new Promise<void>((resolve) => (this.wake = resolve))
      else if (frame.t === name) return frame as Of<Name>
      else assert.equal(frame.t, 'ping', `expected ${name}`)
    }
  }

  tell(...frames: object[]): void {
    const writer = new Writer()
    for (const frame of frames) serverCodec.encode(writer, frame as ServerFrame)
    this.socket.send(writer.take())
  }

  /** Answers `hello` with `welcome`, the frames given, and `ready`. */
  async welcome(options: { user?: string; heartbeat?: number } = {}, ...frames: object[]): Promise<Of<'hello'>> {
    const hello = await this.next('hello')
    const { user = 'ann', heartbeat = 60_000 } = options
    const rest = { version: 1, session: 's', device: 'd1', time: 1_000_000, frame_bytes_max: 65_536 }
    this.tell({ t: 'welcome', user, heartbeat, ...rest }, ...frames, { t: 'ready', conversations: 1 })
    return hello
  }

  close(code: number, reason = ''): void {
    this.socket.close(code, reason)
  }

  /** As when the cable is cut. */
  cut(): void {
    this.socket.terminate()
  }

  sendText(text: string): void {
    this.socket.send(text)
  }

  async closed(): Promise<void> {
    if (this.socket.readyState !== this.socket.CLOSED) await once(this.socket, 'close')
  }
}

/** A server on a free port whose every answer a test gives by hand. */
export class ScriptedServer {
  readonly url: string
  private readonly server: WebSocketServer
  private readonly sessions: ScriptedSession[] = []
  private wake: (() => void) | undefined

  private constructor(server: WebSocketServer) {
    this.server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket) => {
      this.sessions.push(new ScriptedSession(socket))
      this.wake?.()
    })
  }

  static async start(): Promise<ScriptedServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: SOCKET_PATH })
    await once(server, 'listening')
    return new ScriptedServer(server)
  }

  /** The next connection. */
  async session(): Promise<ScriptedSession> {
    for (;;) {
      const session = this.sessions.shift()
      if (session !== undefined) return session
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }

  /** Connections that nobody has asked for. */
  get unexpected(): number {
    return this.sessions.length
  }

  stop(): void {
    for (const socket of this.server.clients) socket.terminate()
    this.server.close()
  }
}

export const info = (over: object = {}) => ({
  conversation: 'c',
  type: 'private',
  head: 0,
  first: 1,
  member_count: 2,
  delivered: 0,
  read: 0,
  created: 0,
  members: [
    { user: 'ann', role: 'member', delivered: 0, read: 0 },
    { user: 'bob', role: 'member', delivered: 0, read: 0 },
  ],
  ...over,
})

export const conversation = (over: object = {}) => ({ t: 'conversation', info: info(over) })

/** Texts of a user in conversation `c`, behind `after`. */
export const deliver = (after: number, from: string, ...texts: string[]) => ({
  t: 'deliver',
  conversation: 'c',
  after,
  upto: after + texts.length,
  messages: texts.map((text, i) => stored(after + 1 + i, from, text)),
})

export const stored = (seq: number, from: string, text: string) => ({
  seq,
  message_id: messageIdToBytes(`00000000-0000-4000-8000-${String(seq).padStart(12, '0')}` as never),
  from,
  time: 1_000_000 + seq,
  payload: { type: 'text', text },
})
