import { createHash } from 'node:crypto'
import {
  type ClientSocket,
  type EdgeConfig,
  EdgeCore,
  type EdgeRules,
  type EdgeWorld,
  NO_EVENTS,
  type Session,
} from '@chat4all/edge/core'
import type { AppId, EdgeId, EdgeLinkFrame, Millis, NodeId, NodeLinkFrame } from '@chat4all/protocol'
import type { Connection, Network, Side } from '../world/network.js'
import type { Process } from '../world/process.js'
import type { Random } from '../world/random.js'
import { APP } from './app.js'
import type { Membership } from './membership.js'
import type { NodeConnection, SimulatedShardNode } from './shard-node.js'

/** WebSocket messages: one or more frames each. */
export type ClientConnection = Connection<Uint8Array, Uint8Array>

const TICK_MS = 25
/** Nodes without a link are dialled, and hints read, so often. */
const LOOK_MS = 200

export interface EdgeSurroundings {
  readonly process: Process
  readonly network: Network
  readonly nodes: readonly SimulatedShardNode[]
  readonly membership: Membership
  readonly rules: EdgeRules
  readonly config: Partial<EdgeConfig>
  readonly random: Random
}

/** The real edge core with a driver that turns what it asks for into events of the simulated world. */
export class SimulatedEdge {
  readonly process: Process
  private readonly around: EdgeSurroundings
  private readonly random: Random
  private core!: EdgeCore
  private links = new Map<NodeId, NodeConnection>()
  private dialling = new Set<NodeId>()
  private written = new Map<ClientConnection, Uint8Array[]>()
  private turnScheduled = false

  constructor(around: EdgeSurroundings) {
    this.around = around
    this.process = around.process
    this.random = around.random.fork(around.process.name)
    around.membership.watch(this.process, (healthy) => this.membersChanged(healthy))
  }

  /** Starts the process anew: nothing of an earlier life is left. */
  start(): void {
    this.process.start()
    this.core = new EdgeCore(this.world(), NO_EVENTS, this.around.config, this.around.rules)
    this.links = new Map()
    this.dialling = new Set()
    this.written = new Map()
    this.turnScheduled = false
    this.membersChanged(this.around.membership.members())
    this.process.after(TICK_MS, () => this.tick())
    this.look()
  }

  private get now(): Millis {
    return this.process.steadyClock
  }

  private world(): EdgeWorld {
    return {
      send: (node, frames) => this.links.get(node)?.sendUp(frames),
      verify: (session, token) => {
        const user = token as Parameters<EdgeWorld['arrive']>[1]
        this.later(() => this.core.verified(session, { app: APP, user, expires: Number.POSITIVE_INFINITY }, this.now))
      },
      arrive: (_app: AppId, _user, token) => this.later(() => this.core.arrived(token, true, this.now)),
      leave: () => {},
      mayPostFile: () => true,
      askPortion: () => {},
      hash: (text) => createHash('sha256').update(text).digest('base64url'),
      random: () => this.random.fraction(),
    }
  }

  private later(run: () => void): void {
    this.process.after(this.random.skewed(0.1, 20), () => this.input(run))
  }

  private input(event: () => void): void {
    event()
    this.scheduleTurn()
  }

  private scheduleTurn(): void {
    if (this.turnScheduled) return
    this.turnScheduled = true
    this.process.after(0, () => {
      this.turnScheduled = false
      this.core.flush()
      for (const [connection, messages] of this.written) connection.sendDown(messages)
      this.written.clear()
    })
  }

  private tick(): void {
    this.input(() => this.core.tick(this.now))
    this.process.after(TICK_MS, () => this.tick())
  }

  // --- clients -------------------------------------------------------------------------------------------------------

  /** A client connected. */
  accept(connection: ClientConnection): Side<Uint8Array> {
    const session: Session = this.core.sessionOpened(this.socket(connection), this.now)
    return {
      frames: (messages) => {
        for (const message of messages) this.core.received(session, message, this.now)
        this.scheduleTurn()
      },
      closed: () => this.input(() => this.core.sessionClosed(session, 1006, this.now)),
    }
  }

  private socket(connection: ClientConnection): ClientSocket {
    return {
      bufferedBytes: 0,
      write: (bytes) => {
        const messages = this.written.get(connection)
        if (messages === undefined) this.written.set(connection, [bytes])
        else messages.push(bytes)
      },
      close: () => {
        connection.sendDown(this.written.get(connection) ?? [])
        this.written.delete(connection)
        connection.close()
      },
    }
  }

  // --- shard-nodes ---------------------------------------------------------------------------------------------------

  private membersChanged(healthy: readonly NodeId[]): void {
    this.input(() => this.core.membersChanged(healthy, this.around.membership.desired(healthy), this.now))
  }

  private look(): void {
    this.process.after(LOOK_MS, () => this.look())
    for (const node of this.around.nodes)
      if (!this.links.has(node.node) && !this.dialling.has(node.node)) this.dial(node)
    this.input(() => this.core.hintsChanged(this.around.membership.owners(), this.now))
  }

  private dial(node: SimulatedShardNode): void {
    this.dialling.add(node.node)
    this.around.network.connect<EdgeLinkFrame, NodeLinkFrame>(
      this.process,
      node.process,
      (connection) => node.accept(this.process.name as EdgeId, connection),
      (connection) => {
        this.dialling.delete(node.node)
        this.links.set(node.node, connection)
        this.input(() => this.core.linkOpened(node.node, this.now))
        return {
          frames: (frames) => this.input(() => this.core.frames(node.node, frames, this.now)),
          closed: () => {
            this.links.delete(node.node)
            this.input(() => this.core.linkClosed(node.node, this.now))
          },
        }
      },
      () => this.dialling.delete(node.node),
    )
  }
}
