import {
  CLIENT_FRAMES,
  type ClientFrame,
  type EdgeLinkFrame,
  errorCodeOfWire,
  frameCodec,
  type Message,
  type Millis,
  type NodeId,
  SERVER_FRAMES,
  type Seq,
  type ServerFrame,
  USER_ID,
  Writer,
} from '@chat4all/protocol'
import type { Allowance } from '../allowance.js'
import {
  type ClientSocket,
  type EdgeConfig,
  EdgeCore,
  type EdgeEvents,
  type EdgeRules,
  NO_EVENTS,
  type Session,
} from '../index.js'
import type { ModelCluster, ModelLink } from './owner-model.js'

/** A whole edge without I/O against modelled shard-nodes: links, clients and time are the test's to move. */

const clientCodec = frameCodec(CLIENT_FRAMES)
const serverCodec = frameCodec(SERVER_FRAMES)
const writer = new Writer()

/** The window and rate of limits in which `sendsLeft` of senders are counted. */
const WINDOW_MS = 2_000
const SENDS_PER_SECOND = 20

export function encodeClientFrames(...frames: ClientFrame[]): Uint8Array {
  for (const frame of frames) clientCodec.encode(writer, frame)
  return writer.take().slice()
}

/** 27 characters that follow from the text: enough of a hash for tests. */
function testHash(text: string): string {
  let characters = ''
  for (let round = 0; characters.length < 27; round++) {
    let hash = 0x811c9dc5 ^ round
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    characters += (hash >>> 0).toString(36)
  }
  return characters.slice(0, 27)
}

/** A client and its socket: keeps all it was sent, and takes bytes only as the test lets it. */
export class TestClient implements ClientSocket {
  readonly frames: ServerFrame[] = []
  closedWith: string | undefined
  /** Bytes that lie in the socket. */
  waiting = 0
  /** Takes everything at once; else the test sets `waiting` down and calls `drain`. */
  quick = true
  session!: Session
  writes = 0
  private readonly edge: TestEdge

  constructor(edge: TestEdge) {
    this.edge = edge
  }

  get bufferedBytes(): number {
    return this.waiting
  }

  write(bytes: Uint8Array): void {
    if (this.closedWith !== undefined) throw new Error('written to after it was closed')
    this.writes++
    this.waiting += bytes.length
    serverCodec.decodeAll(bytes, (frame) => this.frames.push(frame))
  }

  close(_code: number, reason: string): void {
    this.closedWith = reason
  }

  send(...frames: ClientFrame[]): this {
    return this.sendBytes(encodeClientFrames(...frames))
  }

  sendBytes(bytes: Uint8Array): this {
    this.edge.core.received(this.session, bytes, this.edge.now)
    return this
  }

  drain(): void {
    this.waiting = 0
    this.edge.core.drained(this.session, this.edge.now)
  }

  disconnect(): void {
    this.edge.core.sessionClosed(this.session, 1006, this.edge.now)
    this.edge.clients.delete(this)
  }

  of<T extends ServerFrame['t']>(t: T): Extract<ServerFrame, { t: T }>[] {
    return this.frames.filter((frame): frame is Extract<ServerFrame, { t: T }> => frame.t === t)
  }

  errors(): string[] {
    return this.of('error').map(({ code }) => errorCodeOfWire(code))
  }

  delivered(conversation: string): Message[] {
    return this.of('deliver')
      .filter((frame) => frame.conversation === conversation)
      .flatMap(({ messages }) => messages)
  }

  seqs(conversation: string): number[] {
    return this.delivered(conversation).map(({ seq }) => seq)
  }

  /** Every `deliver` begins where the one before ended. */
  contiguous(conversation: string): boolean {
    const frames = this.of('deliver').filter((frame) => frame.conversation === conversation)
    return frames.every(({ after }, i) => i === 0 || after === frames[i - 1]!.upto)
  }
}

export class TestEdge {
  readonly core: EdgeCore
  readonly cluster: ModelCluster
  readonly clients = new Set<TestClient>()
  readonly links = new Map<NodeId, ModelLink>()
  /** Frames handed to a link that the node has not received. */
  readonly toNode = new Map<NodeId, EdgeLinkFrame[]>()
  now = 1_000_000 as Millis
  presenceWorks = true
  readonly presence = new Set<string>()
  /** What the world knows of files that a client wants to post. */
  mayPostFile: boolean | undefined = true
  private readonly later: (() => void)[] = []
  private readonly name: string

  constructor(
    cluster: ModelCluster,
    options: {
      name?: string
      config?: Partial<EdgeConfig>
      rules?: EdgeRules
      events?: Partial<EdgeEvents>
      random?: () => number
    } = {},
  ) {
    this.cluster = cluster
    this.name = options.name ?? 'e1'
    this.core = new EdgeCore(
      {
        send: (node, frames) => this.toNode.get(node)?.push(...frames),
        verify: (session, token) => this.later.push(() => this.verify(session, token)),
        arrive: (_app, user, token) =>
          this.later.push(() => {
            if (this.presenceWorks) this.presence.add(user)
            this.core.arrived(token, this.presenceWorks, this.now)
          }),
        leave: (_app, user) => this.later.push(() => this.presence.delete(user)),
        mayPostFile: () => this.mayPostFile,
        askPortion: (allowance, points) => this.later.push(() => this.portion(allowance, points)),
        hash: testHash,
        random: options.random ?? (() => 0.5),
      },
      { ...NO_EVENTS, ...options.events },
      options.config,
      options.rules,
    )
    this.core.membersChanged([...cluster.nodes.keys()], [...cluster.owners], this.now)
    for (const node of cluster.nodes.keys()) this.link(node)
  }

  private verify(session: Session, token: string): void {
    const [user = '', expires] = token.split('/')
    // Only who has a name can have been issued a token.
    if (user === 'nobody' || !USER_ID.test(user)) this.core.notVerified(session, 'UNAUTHENTICATED', 'who?', this.now)
    else {
      const verified = {
        app: 'demo' as never,
        user: user as never,
        expires: Number(expires ?? Number.POSITIVE_INFINITY),
      }
      this.core.verified(session, verified, this.now)
    }
  }

  /** Of each sender what is left of its limit; who has no line is not counted. */
  readonly sendsLeft = new Map<string, number>()

  private portion(allowance: Allowance, points: number): void {
    const left = this.sendsLeft.get(allowance.key)
    const granted = Math.min(points, left ?? 0)
    if (left !== undefined) this.sendsLeft.set(allowance.key, left - granted)
    const perSecond = left === undefined ? undefined : SENDS_PER_SECOND
    this.core.portioned(allowance, { perSecond, granted, resetMs: WINDOW_MS }, this.now)
  }

  link(node: NodeId): void {
    if (this.links.has(node)) return
    this.links.set(node, this.cluster.nodes.get(node)!.connect(this.name))
    this.toNode.set(node, [])
    this.core.linkOpened(node, this.now)
  }

  cut(node: NodeId): void {
    const link = this.links.get(node)
    if (link === undefined) return
    this.links.delete(node)
    this.toNode.delete(node)
    this.cluster.nodes.get(node)!.disconnect(link)
    this.core.linkClosed(node, this.now)
  }

  connect(): TestClient {
    const client = new TestClient(this)
    client.session = this.core.sessionOpened(client, this.now)
    this.clients.add(client)
    return client
  }

  /** A client that has said hello; nothing has been answered yet. */
  hello(user: string, cursors: Record<string, number> = {}): TestClient {
    return this.connect().send({
      t: 'hello',
      version_min: 1,
      version_max: 1,
      token: user,
      cursors: Object.entries(cursors).map(([conversation, seq]) => ({
        conversation: conversation as never,
        seq: seq as Seq,
      })),
    })
  }

  /** Moves up to `count` frames from the edge to a node. */
  toNodeStep(node: NodeId, count = Number.POSITIVE_INFINITY): boolean {
    this.core.flush()
    const link = this.links.get(node)
    const frames = this.toNode.get(node)?.splice(0, count) ?? []
    if (link === undefined || frames.length === 0) return false
    this.cluster.nodes.get(node)!.receive(link, frames)
    return true
  }

  /** Moves up to `count` frames from a node to the edge. */
  fromNodeStep(node: NodeId, count = Number.POSITIVE_INFINITY): boolean {
    const frames = this.links.get(node)?.out.splice(0, count) ?? []
    if (frames.length === 0) return false
    this.core.frames(node, frames, this.now)
    return true
  }

  /** Carries out what the core asked of the world. */
  outcomes(): boolean {
    if (this.later.length === 0) return false
    for (const outcome of this.later.splice(0)) outcome()
    return true
  }

  /** Everything moves until nothing moves any more; time stands still. */
  run(): this {
    for (let moved = true; moved; ) {
      moved = this.outcomes()
      for (const node of this.cluster.nodes.keys()) {
        moved = this.toNodeStep(node) || moved
        moved = this.fromNodeStep(node) || moved
      }
      for (const client of this.clients) {
        this.end(client)
        if (!client.quick || client.waiting === 0) continue
        client.drain()
        moved = true
      }
    }
    return this
  }

  /** What the driver does with a connection that the core closed. */
  private end(client: TestClient): void {
    if (client.closedWith !== undefined && this.clients.delete(client)) {
      this.core.sessionClosed(client.session, 4000, this.now)
    }
  }

  /** Lets time pass, in steps of the driver's tick. */
  pass(ms: number, stepMs = 25): this {
    const until = this.now + ms
    while (this.now < until) {
      this.now = Math.min(until, this.now + stepMs) as Millis
      this.cluster.now = this.now
      this.core.tick(this.now)
      this.run()
    }
    return this
  }
}
