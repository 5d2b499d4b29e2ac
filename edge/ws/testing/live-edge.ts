import {
  App,
  type TemplatedApp,
  type us_listen_socket,
  us_listen_socket_close,
  us_socket_local_port,
} from 'uWebSockets.js'
import { once } from 'node:events'
import {
  Chat4AllError,
  type ClientFrame,
  type EdgeId,
  type EdgeLinkFrame,
  frameCodec,
  type NodeLinkFrame,
  SERVER_FRAMES,
  type Seq,
  type ServerFrame,
  USER_ID,
} from '@chat4all/protocol'
import { inProcessLinks, inProcessMembers, type Link } from '@chat4all/router'
import { inProcessPresence } from '@chat4all/storage'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { WebSocket } from 'ws'
import type { Authenticator } from '../../auth/port.js'
import { encodeClientFrames } from '../../core/testing/edge-world.js'
import type { ModelCluster, ModelLink, ModelNode } from '../../core/testing/owner-model.js'
import { type Edge, type EdgeOptions, edgeEvents, startEdge } from '../../index.js'

/** A real edge with real sockets, on modelled shard-nodes in the same process. */

const codec = frameCodec(SERVER_FRAMES)

/** Tokens are user ids, `service` aside; `name/123` expires at 123. */
const authenticator: Authenticator = {
  async verify(token) {
    const [user = '', expires] = token.split('/')
    // Only who has a name can have been issued a token.
    if (user === 'stranger' || !USER_ID.test(user)) throw new Chat4AllError('UNAUTHENTICATED')
    if (user === 'broken') throw new Error('the key file is gone')
    const named = user === 'service' ? undefined : (user as never)
    return { app: 'demo' as never, user: named, expires: Number(expires ?? Number.POSITIVE_INFINITY) }
  },
  async issue() {
    throw new Chat4AllError('UNAUTHENTICATED')
  },
}

/** Lets a modelled node listen for links. */
class ModelListener {
  private readonly links = new Map<ModelLink, Link<NodeLinkFrame>>()
  private readonly node: ModelNode

  constructor(node: ModelNode) {
    this.node = node
  }

  accept(edge: EdgeId, link: Link<NodeLinkFrame>) {
    const modelled = this.node.connect(edge)
    this.links.set(modelled, link)
    return {
      frames: (frames: readonly EdgeLinkFrame[]) => {
        this.node.receive(modelled, frames)
        this.flush()
      },
      closed: () => {
        this.links.delete(modelled)
        this.node.disconnect(modelled)
      },
    }
  }

  flush(): void {
    for (const [{ out }, link] of this.links) if (out.length > 0) link.send(out.splice(0))
  }

  cut(): void {
    for (const link of this.links.values()) link.close()
  }
}

export class LiveEdge {
  readonly cluster: ModelCluster
  readonly registry: Registry
  readonly authenticator = authenticator
  port = 0
  private readonly app: TemplatedApp
  readonly edge: Edge
  private readonly listeners: ModelListener[]
  private readonly clients: LiveClient[] = []
  private listening: us_listen_socket | undefined

  private constructor(
    cluster: ModelCluster,
    app: TemplatedApp,
    edge: Edge,
    listeners: ModelListener[],
    registry: Registry,
  ) {
    this.cluster = cluster
    this.app = app
    this.edge = edge
    this.listeners = listeners
    this.registry = registry
  }

  static async start(cluster: ModelCluster, options: Partial<EdgeOptions> = {}): Promise<LiveEdge> {
    const links = inProcessLinks()
    const members = inProcessMembers()
    const listeners: ModelListener[] = []
    for (const node of cluster.nodes.values()) {
      const listener = new ModelListener(node)
      listeners.push(listener)
      await links.listener(node.id).listen((edge, link) => listener.accept(edge, link))
      await members.join({ node: node.id, address: node.id, weight: 1 })
    }
    const id = 'e1' as EdgeId
    const app = App()
    const registry = new Registry()
    const edge = startEdge({
      edge: id,
      dialer: links.dialer(id),
      members,
      presence: inProcessPresence(),
      authenticator,
      events: edgeEvents(id, pino({ level: 'silent' }), registry),
      ...options,
    })
    edge.attach(app)
    const live = new LiveEdge(cluster, app, edge, listeners, registry)
    await live.listen()
    await until(() => edge.linked === cluster.nodes.size)
    return live
  }

  private listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.app.listen('127.0.0.1', 0, (socket) => {
        if (socket === false) return reject(new Error('cannot listen'))
        this.listening = socket
        this.port = portOf(socket)
        resolve()
      })
    })
  }

  /** Sends what nodes have to tell: after posts that came from elsewhere. */
  flush(): void {
    for (const listener of this.listeners) listener.flush()
  }

  cutLinks(): void {
    for (const listener of this.listeners) listener.cut()
  }

  async connect(): Promise<LiveClient> {
    const client = new LiveClient(this.port)
    this.clients.push(client)
    await client.opened
    return client
  }

  async hello(user: string, cursors: Record<string, number> = {}): Promise<LiveClient> {
    const client = await this.connect()
    client.send({
      t: 'hello',
      version_min: 1,
      version_max: 1,
      token: user,
      cursors: Object.entries(cursors).map(([conversation, seq]) => ({
        conversation: conversation as never,
        seq: seq as Seq,
      })),
    })
    return client
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.socket.terminate()
    await this.edge.close()
    if (this.listening !== undefined) us_listen_socket_close(this.listening)
    this.app.close()
  }
}

/** uWebSockets' types know this function for connections only. */
function portOf(socket: us_listen_socket): number {
  return us_socket_local_port(socket as never)
}

export class LiveClient {
  readonly socket: WebSocket
  readonly frames: ServerFrame[] = []
  /** Frames in each WebSocket message. */
  readonly messages: number[] = []
  readonly opened: Promise<unknown>
  closeCode: number | undefined

  constructor(port: number) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`)
    this.opened = once(this.socket, 'open')
    this.socket.on('message', (data: Buffer) => {
      const before = this.frames.length
      codec.decodeAll(data, (frame) => this.frames.push(frame))
      this.messages.push(this.frames.length - before)
    })
    this.socket.on('close', (code) => {
      this.closeCode = code
    })
    this.socket.on('error', () => {})
  }

  send(...frames: ClientFrame[]): void {
    this.socket.send(encodeClientFrames(...frames))
  }

  of<T extends ServerFrame['t']>(t: T): Extract<ServerFrame, { t: T }>[] {
    return this.frames.filter((frame): frame is Extract<ServerFrame, { t: T }> => frame.t === t)
  }

  seqs(conversation: string): number[] {
    return this.of('deliver')
      .filter((frame) => frame.conversation === conversation)
      .flatMap(({ messages }) => messages.map(({ seq }) => seq as number))
  }

  /** Resolves when the connection is over, with its code. */
  async closed(): Promise<number> {
    await until(() => this.closeCode !== undefined)
    return this.closeCode!
  }

  async told<T extends ServerFrame['t']>(t: T, count = 1): Promise<Extract<ServerFrame, { t: T }>[]> {
    await until(() => this.of(t).length >= count)
    return this.of(t)
  }
}

/** Waits for something that will come; fails when it does not, even on a machine that does ten things at once. */
export async function until(holds: () => boolean, ms = 60_000): Promise<void> {
  const deadline = Date.now() + ms
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`did not come within ${ms} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
