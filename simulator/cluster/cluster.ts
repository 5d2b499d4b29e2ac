import { type ConversationId, SLOTS, type UserId } from '@chat4all/protocol'
import type { StoredMember } from '@chat4all/storage'
import { History } from '../history/history.js'
import type { RunOptions } from '../run/options.js'
import { type SimulatedStore, simulatedStore } from '../store/index.js'
import { newer } from '../store/replica-state.js'
import { SimulatedStream } from '../store/stream.js'
import { Network } from '../world/network.js'
import { Process } from '../world/process.js'
import { Trace } from '../world/trace.js'
import { World } from '../world/world.js'
import { Auditor } from './auditor.js'
import { SimulatedClient } from './client.js'
import { SimulatedEdge } from './edge.js'
import { Membership } from './membership.js'
import { SimulatedPublisher } from './publisher.js'
import { SimulatedShardNode } from './shard-node.js'

/** A whole cluster with its clients, in one process and on one virtual clock. */
export class Cluster {
  readonly world: World
  readonly trace: Trace
  readonly history = new History()
  readonly network: Network
  readonly store: SimulatedStore
  readonly membership: Membership
  readonly stream: SimulatedStream
  readonly nodes: readonly SimulatedShardNode[]
  readonly edges: readonly SimulatedEdge[]
  readonly clients: readonly SimulatedClient[]
  readonly auditor: Auditor
  /** Conversations that exist, by the number under which the plan knows them. */
  readonly conversations = new Map<number, ConversationId>()

  constructor(options: RunOptions, traced: boolean) {
    const world = new World(options.seed)
    this.world = world
    this.trace = new Trace(world, traced)
    this.network = new Network(world)
    this.store = simulatedStore(world, options.rules.store)
    this.membership = new Membership(world)
    this.stream = new SimulatedStream(world, (publisher, streamed) =>
      this.history.record({ type: 'arrived', at: world.now, publisher, ...streamed }),
    )
    const { trace, stream, history, network, store, membership } = this
    this.nodes = numbered(options.nodes, (index) => {
      const process = new Process(world, `node${index}`)
      return new SimulatedShardNode({
        process,
        store,
        membership,
        publisher: new SimulatedPublisher({
          process,
          store,
          stream,
          rules: options.rules.publication,
          config: options.publication,
        }),
        network,
        nodes: () => this.nodes,
        history,
        trace,
        rules: options.rules.shardNode,
        random: world.random,
        config: options.shardNode,
      })
    })
    const { nodes } = this
    this.edges = numbered(options.edges, (index) => {
      const process = new Process(world, `edge${index}`)
      return new SimulatedEdge({
        process,
        network,
        nodes,
        membership,
        rules: options.rules.edge,
        config: options.edge,
        random: world.random,
      })
    })
    this.clients = numbered(options.clients, (index) => {
      const process = new Process(world, `client${index}`)
      const { random } = world
      const rules = options.rules.client
      return new SimulatedClient({ process, network, edges: this.edges, history, trace, random, rules })
    })
    this.auditor = new Auditor({
      process: new Process(world, 'auditor'),
      network,
      nodes,
      history,
      trace,
      random: world.random,
    })
  }

  start(): void {
    for (const node of this.nodes) {
      node.start()
      this.membership.tell(node.node, true)
    }
    for (const edge of this.edges) edge.start()
    for (const client of this.clients) client.start()
  }

  /** Clients whose users are members, by what the replicas hold. */
  membersOf(conversation: ConversationId): SimulatedClient[] {
    const members = new Map<UserId, StoredMember>()
    let erased = 0
    for (const { state } of this.store.replicas.all) {
      erased = Math.max(erased, state.conversations.get(conversation)?.erased ?? 0)
      for (const member of state.conversations.get(conversation)?.members.values() ?? []) {
        members.set(member.user, newer(members.get(member.user), member))
      }
    }
    const isMember = (member: StoredMember | undefined) =>
      member?.present === true && (erased === 0 || member.version > erased)
    return this.clients.filter(({ user }) => isMember(members.get(user)))
  }

  /** What is not at rest yet; empty when the cluster has converged. */
  unfinished(): string[] {
    const open: string[] = []
    const served = new Uint8Array(SLOTS)
    for (const node of this.nodes) {
      if (!node.settled) open.push(`${node.node} has entries or changes of the view under way`)
      for (const slot of node.serving) served[slot]!++
    }
    const without = served.reduce((count, times) => count + (times === 0 ? 1 : 0), 0)
    const doubly = served.reduce((count, times) => count + (times > 1 ? 1 : 0), 0)
    if (without > 0) open.push(`${without} slots are served by no node`)
    if (doubly > 0) open.push(`${doubly} slots are served by two nodes`)
    const wanted = this.membership.desired(this.membership.members())
    const astray = this.nodes.flatMap(({ node, serving }) => serving.filter((slot) => wanted[slot] !== node))
    if (astray.length > 0) open.push(`${astray.length} slots are not where the ring wants them`)
    for (const client of this.clients) open.push(...client.unfinished())
    open.push(...this.auditor.unfinished())
    return open
  }
}

function numbered<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}
