import {
  type AppId,
  type ConversationId,
  decodeMessages,
  type EdgeId,
  type EdgeLinkFrame,
  type MessageId,
  type NodeLinkFrame,
  type Seq,
  slotOf,
  type UserId,
} from '@chat4all/protocol'
import type { History, SeenMessage } from '../history/history.js'
import type { Network } from '../world/network.js'
import type { Process } from '../world/process.js'
import type { Random } from '../world/random.js'
import type { Trace } from '../world/trace.js'
import { newMessageId } from './new-message-id.js'
import { seenMessage } from './seen-message.js'
import type { NodeConnection, SimulatedShardNode } from './shard-node.js'

/** A node that does not answer is given up, and the next one asked. */
const ANSWER_MS_MAX = 800
const AGAIN_MS = 20
const PAGE_MESSAGES = 200

/** Whose erasures the log names: a service of the app. */
const SERVICE = 'service' as UserId

/**
 * Reads conversations from beginning to end over links of its own, asking any node that takes the question: also one
 * that was deposed and does not know it. So it knows what a reader can be told, without the help of an edge. And asks, in
 * the same way, for what only a service may: that what was said be erased.
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
  private readonly erasing = new Set<MessageId>()
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

  /** Erases what was said in a conversation, or what `user` said. Goes on until somebody answers. */
  erase(app: AppId, conversation: ConversationId, user: UserId | undefined): void {
    const { messageId, bytes } = newMessageId(this.random)
    const what = { conversation, messageId, user }
    this.erasing.add(messageId)
    this.trace.note('erases', this.process.name, `${conversation}${user === undefined ? '' : ` of ${user}`}`)
    this.history.record({ type: 'erasing', at: this.trace.now, ...what })
    this.ask(
      this.random.below(this.nodes.length),
      (n) => ({
        t: 'change',
        slot: slotOf(conversation),
        attempt: n,
        n,
        app,
        conversation,
        message_id: bytes,
        by: SERVICE,
        service: true,
        add: [],
        remove: [],
        ...(user === undefined ? { erase: true } : { forget: user }),
      }),
      (frame) => {
        this.erasing.delete(messageId)
        const ack = frame.t === 'acks' ? frame.items[0] : undefined
        this.trace.note('erased', this.process.name, `${conversation}${ack ? ` up to ${ack.seq}` : ': there is none'}`)
        if (ack !== undefined) this.history.record({ type: 'erased', at: this.trace.now, seq: ack.seq, ...what })
      },
    )
  }

  unfinished(): string[] {
    return [...this.erasing].map((messageId) => `${this.process.name} waits for an answer to the erasure ${messageId}`)
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
      if (frame.t === 'acks') for (const item of frame.items) this.waiting.get(item.n)?.({ ...frame, items: [item] })
    }
  }
}
