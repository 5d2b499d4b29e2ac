import {
  type EdgeId,
  type EdgeLinkFrame,
  type LogId,
  type Millis,
  messageIdFromBytes,
  type NodeId,
  type NodeLinkFrame,
  type Offset,
  type Seq,
} from '@chat4all/protocol'
import {
  type Effect,
  type LinkId,
  SHARD_DEFAULTS,
  type ShardConfig,
  ShardNodeCore,
  type ShardRules,
} from '@chat4all/shard-node/core'
import type { ConversationChange, SlotRow } from '@chat4all/storage'
import type { History } from '../history/history.js'
import type { SimulatedStore } from '../store/index.js'
import type { Connection, Network, Side } from '../world/network.js'
import type { Process } from '../world/process.js'
import type { Random } from '../world/random.js'
import type { Trace } from '../world/trace.js'
import { digest } from './digest.js'
import type { Membership } from './membership.js'
import type { SimulatedPublisher } from './publisher.js'

export type NodeConnection = Connection<EdgeLinkFrame, NodeLinkFrame>

const TICK_MS = 50
const RETRY_MS = 20

/** What the recoveries of one incarnation have read so far, for the history. */
type Recovering = Map<LogId, { from: Offset; entries: Uint8Array[]; end: Offset }>

export interface ShardNodeSurroundings {
  readonly process: Process
  readonly store: SimulatedStore
  readonly membership: Membership
  readonly publisher: SimulatedPublisher
  readonly network: Network
  /** The other nodes, too; there when the first of them says something. */
  readonly nodes: () => readonly SimulatedShardNode[]
  readonly history: History
  readonly trace: Trace
  readonly rules: ShardRules
  readonly config: Partial<ShardConfig>
  readonly random: Random
}

/**
 * The real core with a driver that turns its effects into events of the simulated world, step for step as
 * shard-node/driver does it with real ones.
 */
export class SimulatedShardNode {
  readonly node: NodeId
  readonly process: Process
  private readonly around: ShardNodeSurroundings
  private readonly random: Random
  private core!: ShardNodeCore
  private links = new Map<LinkId, { readonly edge: EdgeId; readonly connection: NodeConnection }>()
  private outgoing = new Map<LinkId, NodeLinkFrame[]>()
  /** Links that this node dialled. */
  private peers = new Map<NodeId, NodeConnection | 'dialling'>()
  private nextLink = 1
  private turnScheduled = false
  private recovering: Recovering = new Map()

  constructor(around: ShardNodeSurroundings) {
    this.around = around
    this.random = around.random.fork(around.process.name)
    this.process = around.process
    this.node = around.process.name as NodeId
    around.membership.watch(this.process, (healthy) => this.membersChanged(healthy))
  }

  /** Starts the process anew: nothing of an earlier life is left. */
  start(): void {
    this.process.start()
    this.core = new ShardNodeCore({ ...SHARD_DEFAULTS, ...this.around.config, node: this.node }, this.around.rules)
    this.links = new Map()
    this.outgoing = new Map()
    this.peers = new Map()
    this.recovering = new Map()
    this.turnScheduled = false
    this.around.publisher.boot((log) => this.suspect(log))
    this.incarnate()
    this.membersChanged(this.around.membership.members())
    this.process.after(TICK_MS, () => this.tick())
  }

  /** A log without an end: nobody recovers it for its slots when its node had handed them all over before it was gone. */
  private suspect(log: LogId): void {
    if (this.around.membership.members().some((node) => log.startsWith(`${node}.`))) return
    this.input(() => this.core.logsAbandoned([log], this.now))
  }

  get serving(): ShardNodeCore['serving'] {
    return this.process.isUp ? this.core.serving : []
  }

  get settled(): boolean {
    return !this.process.isUp || (this.core.settled && this.around.publisher.settled)
  }

  private get now(): Millis {
    return this.process.clock
  }

  /** A log of a name never used; the node's own earlier logs are recovered, whoever has their slots. */
  private incarnate(): void {
    this.store.logs.list(
      this.process.answer((all) => {
        if (all === undefined) return this.process.after(RETRY_MS, () => this.incarnate())
        const own = all.filter((log) => log.startsWith(`${this.node}.`))
        const log = `${this.node}.${this.incarnation++}` as LogId
        this.around.trace.note('opens', this.node, log)
        this.recovering = new Map()
        this.log = log
        this.around.publisher.start(log)
        this.input(() => this.core.start(log, own, this.now))
      }),
    )
  }
  private incarnation = 1
  private log = '' as LogId

  private get store(): SimulatedStore {
    return this.around.store
  }

  private membersChanged(healthy: readonly NodeId[]): void {
    const desired = this.around.membership.desired(healthy)
    this.input(() => this.core.membersChanged(healthy, desired, this.now))
  }

  /** An edge dialled. */
  accept(edge: EdgeId, connection: NodeConnection): Side<EdgeLinkFrame> {
    const id = this.nextLink++ as LinkId
    this.links.set(id, { edge, connection })
    this.core.linkOpened(id, edge, this.now)
    return {
      frames: (frames) => {
        if (this.around.trace.isOn) this.traceRequests(edge, frames)
        this.core.frames(id, frames, this.now)
        this.scheduleTurn()
      },
      closed: () => {
        this.links.delete(id)
        this.input(() => this.core.linkClosed(id, this.now))
      },
    }
  }

  private traceRequests(edge: EdgeId, frames: readonly EdgeLinkFrame[]): void {
    for (const frame of frames) {
      if (frame.t !== 'post' && frame.t !== 'change') continue
      const { slot, attempt, n, conversation, seen } = frame
      const id = messageIdFromBytes(frame.message_id).slice(0, 8)
      const detail = `${id} to ${conversation}${seen === undefined ? '' : `, ${seen} seen,`} (${edge}, slot ${slot}, attempt ${attempt}, n ${n})`
      this.around.trace.note('takes', this.node, detail)
    }
  }

  private scheduleTurn(): void {
    if (this.turnScheduled) return
    this.turnScheduled = true
    this.process.after(0, () => {
      this.turnScheduled = false
      this.turn()
    })
  }

  private input(event: () => void): void {
    event()
    this.turn()
  }

  private turn(): void {
    this.core.flush(this.now)
    for (let effects = this.core.takeEffects(); effects.length > 0; effects = this.core.takeEffects()) {
      for (const effect of effects) this.perform(effect)
    }
    for (const [id, frames] of this.outgoing) this.links.get(id)?.connection.sendDown(frames)
    this.outgoing.clear()
  }

  private tick(): void {
    this.input(() => this.core.tick(this.now))
    this.around.publisher.tick()
    this.process.after(TICK_MS, () => this.tick())
  }

  private perform(effect: Effect): void {
    const { logs, view, slots } = this.store
    switch (effect.type) {
      case 'send': {
        if (effect.frame.t === 'bounce') {
          const { slot, attempt, n, reason } = effect.frame
          const edge = this.links.get(effect.link)?.edge
          this.around.trace.note('bounces', this.node, `${reason} (${edge}, slot ${slot}, attempt ${attempt}, n ${n})`)
        }
        const frames = this.outgoing.get(effect.link)
        if (frames === undefined) this.outgoing.set(effect.link, [effect.frame])
        else frames.push(effect.frame)
        return
      }
      case 'invite':
        // Presence knows nothing: every edge is told.
        for (const { connection } of this.links.values()) connection.sendDown([effect.frame])
        return
      case 'committed':
        return this.around.publisher.committed(this.log, (effect.offset + 1) as Offset)
      case 'open-log':
        return this.untilDone(
          (done) => logs.open(effect.log, done),
          () => this.core.opened(effect.log, this.now),
        )
      case 'append':
        return logs.append(
          effect.log,
          effect.offset,
          effect.entry,
          this.outcome(
            () => this.core.appended(effect.log, effect.offset, this.now),
            () => this.core.appendFailed(effect.log, effect.offset, this.now),
          ),
        )
      case 'check-seal':
        return logs.isSealed(
          effect.log,
          this.outcome(
            (sealed) => this.core.sealChecked(effect.log, effect.check, sealed, this.now),
            () => this.core.sealCheckFailed(effect.log, effect.check, this.now),
          ),
        )
      case 'load':
        return this.load(effect)
      case 'find':
        return view.find(
          effect.conversation,
          effect.messageId,
          this.answer((found) => this.core.found(effect.token, found === undefined ? 'failed' : found.seq, this.now)),
        )
      case 'read-messages': {
        const { after, before, limit, newestFirst } = effect
        return view.messages(
          effect.conversation,
          { after, before, limit, newestFirst, now: this.now },
          this.answer((messages) => this.core.messagesRead(effect.token, messages ?? 'failed', this.now)),
        )
      }
      case 'read-receipts':
        return view.receipts(
          effect.conversation,
          effect.seq,
          effect.users,
          this.answer((found) => this.core.receiptsRead(effect.token, found ?? 'failed', this.now)),
        )
      case 'list':
        return view.conversationsOf(
          effect.app,
          effect.user,
          effect.left,
          this.answer((found) => this.core.listed(effect.token, found ?? 'failed', this.now)),
        )
      case 'apply':
        return view.apply(
          effect.changes,
          this.outcome(
            () => {
              this.fed(effect.changes)
              this.core.applied(effect.log, effect.write, this.now)
            },
            () => this.core.applyFailed(effect.log, effect.write, this.now),
          ),
        )
      case 'save-cursor':
        return logs.saveCursor(effect.log, 'materialised', effect.cursor, (saved) => {
          if (saved !== undefined) this.around.publisher.drop(effect.log)
        })
      case 'read-slots':
        return this.untilDone(
          (done) => slots.read(done),
          (rows: SlotRow[]) => this.core.slotsRead(effect.log, rows, this.now),
        )
      case 'claim':
        return slots.claim(
          effect.moves,
          this.outcome(
            (results) => this.core.claimed(effect.log, results, this.now),
            () => this.core.claimFailed(effect.log, this.now),
          ),
        )
      case 'tell-node':
        return this.tellNode(effect.node, effect.frame)
      case 'handed-over':
        return this.around.trace.note('hands over', this.node, `slot ${effect.slot} to ${effect.to}`)
      case 'recover':
        return this.recoverSlowly(effect)
      case 'serving':
        this.around.trace.note('serves', this.node, `${effect.slots.length} slots`)
        return this.around.membership.hint(this.node, effect.slots)
      case 'deposed':
        this.around.trace.note('deposed', this.node, effect.log)
        return this.incarnate()
    }
  }

  /** Says it over the link to that node; dials it if there is none, and then nothing is said this time. */
  private tellNode(node: NodeId, frame: EdgeLinkFrame): void {
    const peer = this.peers.get(node)
    if (peer === 'dialling') return
    if (peer !== undefined) return peer.sendUp([frame])
    const other = this.around.nodes().find((some) => some.node === node)
    if (other === undefined) return
    this.peers.set(node, 'dialling')
    this.around.network.connect<EdgeLinkFrame, NodeLinkFrame>(
      this.process,
      other.process,
      (connection) => other.accept(`node:${this.node}` as EdgeId, connection),
      (connection) => {
        this.peers.set(node, connection)
        connection.sendUp([frame])
        return {
          frames: (frames) => this.input(() => this.core.peerFrames(node, frames, this.now)),
          closed: () => {
            this.peers.delete(node)
            this.input(() => this.core.peerLost(node, this.now))
          },
        }
      },
      () => this.peers.delete(node),
    )
  }

  private load({ log, conversation }: Extract<Effect, { type: 'load' }>): void {
    const { view } = this.store
    const failed = () => this.core.loadFailed(log, conversation, this.now)
    const newest = { after: 0 as Seq, before: Number.MAX_SAFE_INTEGER as Seq, limit: 1, newestFirst: true }
    view.load(
      conversation,
      this.outcome(({ stored }) => {
        if (stored === undefined || stored.head === 0)
          return this.core.loaded(log, conversation, stored, undefined, this.now)
        view.messages(
          conversation,
          { ...newest, now: this.now },
          this.outcome((messages) => this.core.loaded(log, conversation, stored, messages.at(-1), this.now), failed),
        )
      }, failed),
    )
  }

  private recoverSlowly(effect: Extract<Effect, { type: 'recover' }>): void {
    const { slowRecovery, lateMsMax } = this.store.replicas.faults
    const { recovering } = this
    if (!this.random.chance(slowRecovery)) return this.recover(effect, recovering)
    this.process.after(this.random.skewed(1, lateMsMax), () => this.recover(effect, recovering))
  }

  private recover({ log, step }: Extract<Effect, { type: 'recover' }>, recovering: Recovering): void {
    const { logs, view } = this.store
    const tell = (outcome: Parameters<ShardNodeCore['recoveryStep']>[1]) =>
      this.core.recoveryStep(log, outcome, this.now, step)
    const failed = () => tell({ type: 'failed' })
    this.around.trace.note('recovers', this.node, `${log}: ${step.type}`)
    switch (step.type) {
      case 'seal':
        return logs.seal(
          log,
          this.outcome(() => tell({ type: 'sealed' }), failed),
        )
      case 'cursor':
        return logs.cursors(
          log,
          this.outcome(({ materialised }) => {
            if (!recovering.has(log)) recovering.set(log, { from: materialised, entries: [], end: materialised })
            tell({ type: 'cursor', materialised })
          }, failed),
        )
      case 'read':
        return logs.read(
          log,
          step.from,
          step.limit,
          this.outcome((entries) => {
            const read = recovering.get(log)
            if (read !== undefined) {
              if (step.from !== read.from + read.entries.length) Object.assign(read, { from: step.from, entries: [] })
              read.entries.push(...entries)
            }
            tell({ type: 'entries', entries })
          }, failed),
        )
      case 'write-back':
        return logs.writeBack(
          log,
          step.offset,
          step.entry,
          this.outcome(() => tell({ type: 'written-back' }), failed),
        )
      case 'decide-end':
        return logs.decideEnd(
          log,
          step.end,
          this.outcome((end) => {
            const read = recovering.get(log)
            if (read !== undefined) read.end = end
            tell({ type: 'end', end })
          }, failed),
        )
      case 'apply':
        return view.apply(
          step.changes,
          this.outcome(() => {
            this.fed(step.changes)
            this.recovered(log, recovering)
            tell({ type: 'applied' })
          }, failed),
        )
      case 'save-cursor':
        return logs.saveCursor(
          log,
          'materialised',
          step.cursor,
          this.outcome(() => {
            this.around.publisher.logEnded(log, step.cursor)
            this.around.publisher.drop(log)
            tell({ type: 'cursor-saved' })
          }, failed),
        )
    }
  }

  private recovered(log: LogId, recovering: Recovering): void {
    const read = recovering.get(log)
    if (read === undefined) return
    this.around.history.record({
      type: 'recovered',
      at: this.around.trace.now,
      node: this.node,
      log,
      from: read.from,
      entries: read.entries.map(digest),
      end: read.end,
    })
  }

  private fed(changes: readonly ConversationChange[]): void {
    for (const { conversation, messages } of changes) {
      if (messages === undefined) continue
      const { firstSeq, messageIds } = messages
      const fed = messages.lengths.map((_, index) => ({
        seq: (firstSeq + index) as Seq,
        messageId: messageIdFromBytes(messageIds.subarray(index * 16, index * 16 + 16)),
      }))
      this.around.history.record({
        type: 'fed',
        at: this.around.trace.now,
        node: this.node,
        conversation,
        messages: fed,
      })
    }
  }

  /** An outcome that this life of the process hears. */
  private answer<T>(then: (value: T) => void): (value: T) => void {
    return this.process.answer((value: T) => this.input(() => then(value)))
  }

  /** The same, for a value or a failure; failures are told after a pause. */
  private outcome<T>(then: (value: T) => void, failed: () => void): (value: T | undefined) => void {
    return this.process.answer((value: T | undefined) => {
      if (value !== undefined) this.input(() => then(value))
      else this.process.after(RETRY_MS, () => this.input(failed))
    })
  }

  /** A request that is made until it succeeds. */
  private untilDone<T>(ask: (done: (value: T | undefined) => void) => void, then: (value: T) => void): void {
    ask(this.outcome(then, () => this.untilDone(ask, then)))
  }
}
