import {
  type AppId,
  type ConversationId,
  decodeMessages,
  type EdgeId,
  type EdgeLinkFrame,
  type NodeLinkFrame,
  type Seq,
  slotOf,
} from '@chat4all/protocol'
import type { History, SeenMessage } from '../history/history.js'
import type { Network } from '../world/network.js'
import type { Process } from '../world/process.js'
import type { Random } from '../world/random.js'
import type { Trace } from '../world/trace.js'
import { seenMessage } from './seen-message.js'
import type { NodeConnection, SimulatedShardNode } from './shard-node.js'

/** A node that does not answer is given up, and the next one asked. */
const ANSWER_MS_MAX = 800
const AGAIN_MS = 20
const PAGE_MESSAGES = 200

/**
 * Reads conversations from beginning to end over links of its own, asking any node that takes the question: also one
 * that was deposed and does not know it. So it knows what a reader can be told, without the help of an edge.
 */
export class Auditor {
  private readonly process: Process
  private readonly network: Network
  private readonly nodes: readonly SimulatedShardNode[]
  private readonly history: History
  private readonly trace: Trace
  private readonly random: Random
  private readonly connections = new Map<SimulatedShardNode, NodeConnection>()
  private readonly waiting = new Map<number, (frame: NodeLinkFrame | undefined) => void>()
  private nextRequest = 1

  constructor(around: {
    readonly process: Process
    readonly network: Network
    readonly nodes: readonly SimulatedShardNode[]
    readonly history: History
    readonly trace: Trace
    readonly random: Random
  }) {
    this.process = around.process
    this.network = around.network
    this.nodes = around.nodes
    this.history = around.history
    this.trace = around.trace
    this.random = around.random.fork('auditor')
    this.process.start()
  }

  /** Reads a whole conversation; `done` hears whether it exists. Goes on until somebody answers. */
  read(app: AppId, conversation: ConversationId, final: boolean, done: (exists: boolean) => void): void {
    const askedAt = this.trace.now
    const messages: SeenMessage[] = []
    const page = (after: Seq): void => {
      this.ask(
        this.random.below(this.nodes.length),
        (n) => {
          const slot = slotOf(conversation)
          return { t: 'read', slot, attempt: n, n, app, conversation, since: after, limit: PAGE_MESSAGES }
        },
        (frame) => {
          if (frame.t !== 'reply' || frame.answer.type !== 'page') return done(false)
          const { upto, head } = frame.answer
          messages.push(...decodeMessages(frame.answer.messages).map(seenMessage))
          if (upto < head) return page(upto)
          this.trace.note('reads', this.process.name, `${conversation} to ${head}${final ? ', final' : ''}`)
          this.history.record({ type: 'full-read', askedAt, at: this.trace.now, conversation, head, messages, final })
          done(true)
        },
      )
    }
    page(0 as Seq)
  }

  private ask(which: number, make: (n: number) => EdgeLinkFrame, answered: (frame: NodeLinkFrame) => void): void {
    const next = () => this.process.after(AGAIN_MS, () => this.ask(which + 1, make, answered))
    const node = this.nodes[which % this.nodes.length]!
    this.connected(node, (connection) => {
      if (connection === undefined) return next()
      const n = this.nextRequest++
      this.waiting.set(n, (frame) => {
        this.waiting.delete(n)
        if (frame === undefined || frame.t === 'bounce') next()
        else answered(frame)
      })
      this.process.after(ANSWER_MS_MAX, () => this.waiting.get(n)?.(undefined))
      connection.sendUp([make(n)])
    })
  }

  private connected(node: SimulatedShardNode, then: (connection: NodeConnection | undefined) => void): void {
    const open = this.connections.get(node)
    if (open?.isOpen) return then(open)
    this.network.connect<EdgeLinkFrame, NodeLinkFrame>(
      this.process,
      node.process,
      (connection) => node.accept(this.process.name as EdgeId, connection),
      (connection) => {
        this.connections.set(node, connection)
        then(connection)
        return { frames: (frames) => this.frames(frames), closed: () => {} }
      },
      () => then(undefined),
    )
  }

  private frames(frames: readonly NodeLinkFrame[]): void {
    for (const frame of frames) {
      if (frame.t === 'reply' || frame.t === 'refuse' || frame.t === 'bounce') this.waiting.get(frame.n)?.(frame)
    }
  }
}
