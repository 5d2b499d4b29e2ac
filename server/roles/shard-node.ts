import { App } from 'uWebSockets.js'
import { desiredOwners, type Members, tcpLinkDialer, tcpLinkListener } from '@chat4all/router'
import type { ConsulMembers } from '@chat4all/router/consul'
import { peerName, type ShardConfig, type ShardNode, shardNodeEvents, startShardNode } from '@chat4all/shard-node'
import type { MessageView, NodeLogs, SlotTable } from '@chat4all/storage'
import { linkTls, ownLink } from '../config/load-config.js'
import { cassandraEngine, openCassandraStorage } from '../engines/cassandra.js'
import { type CommitWatch, watchCommits } from '../engines/commit-watch.js'
import { EngineHealth } from '../engines/engine-health.js'
import { openEventStream } from '../engines/event-stream.js'
import { openMembers } from '../engines/members.js'
import { pacedFailures } from '../engines/paced-failures.js'
import { openRedisParts } from '../engines/redis.js'
import { mountHealth } from '../http/health-routes.js'
import { listen, urlOf } from '../http/listen.js'
import { mountMetrics } from '../http/metrics-route.js'
import { guardRing } from '../process/ring-guard.js'
import { advertised } from './advertised.js'
import { openStorage } from './open-storage.js'
import type { RoleContext, RunningRole } from './role.js'
import { Teardown } from './teardown.js'

/**
 * Over a network a second entry hides the round trip of the first, and every call costs far more than the messages in it:
 * some are gathered for an entry, and many for a row of the view (docs/decisions/0042). Fewer slots arrive at a time: each
 * brings conversations that have to be read, and all of them pause for it.
 */
const OVER_A_NETWORK: Partial<ShardConfig> = {
  entriesInFlightEager: 2,
  gatherMs: 5,
  materialiseAfterMs: 4_000,
}

/**
 * One shard-node of a cluster. What it has is in Cassandra, or in a folder of its own; the others are those that Consul
 * knows, or a fixed list.
 */
export function startShardNodeRole(context: RoleContext): Promise<RunningRole> {
  return Teardown.guard(context.logger, (teardown) => start(context, teardown))
}

async function start(context: RoleContext, teardown: Teardown): Promise<RunningRole> {
  const { config, logger, registry } = context
  const { node, host, port, advertise } = ownLink(config)
  const health = new EngineHealth(logger, registry)
  const readiness = new Readiness(health)
  // Closed after the shard-node, so that whoever asks /readyz meanwhile hears why.
  const app = App()
  teardown.add(async () => void app.close())
  mountHealth(app, () => readiness.reasons())
  mountMetrics(app, registry, { token: config.metricsToken })
  const listening = await listen(app, config.host, config.port)
  const url = urlOf(config.host, listening.port)

  // Where it stands before it is known whether it can serve: the start may have to wait for an engine.
  const { members, consul } = await openMembers(context, health, teardown)
  const { logs, view, slots, watch } = await openNodeStorage(context, health, consul, teardown)
  const links = { secret: config.linkSecret, tls: linkTls(config) }
  const listener = tcpLinkListener(node, {
    ...links,
    host,
    port,
    onRefused: (remote, reason) => logger.warn({ remote, reason }, 'link refused'),
  })
  const stream = await openEventStream(context, health, teardown)
  const { presence } = await openRedisParts(context, health, teardown)
  // Whoever sees it among the members is to know where to ask it.
  consul?.describe(node, { http: url })
  const shardNode = await startShardNode({
    node,
    weight: config.nodeWeight,
    logs,
    view,
    slots,
    presence,
    ...(stream !== undefined && { stream }),
    members,
    listener: advertised(listener, advertise),
    // What is in one node's folder cannot move to another's.
    ...(watch !== undefined && { dialer: tcpLinkDialer(peerName(node), links), config: OVER_A_NETWORK }),
    events: shardNodeEvents(node, logger, registry),
    onFatal: context.storageFailed,
  })
  teardown.add(() => shardNode.stop())
  watch?.start()
  readiness.follow(shardNode, members, watch)
  return {
    urls: [url],
    linkAddress: shardNode.address,
    async stop() {
      readiness.draining = true
      health.stop()
      await teardown.run()
    },
    // Its links end with the process, and that is what edges go by.
    abandon() {},
  }
}

interface NodeStorage {
  readonly logs: NodeLogs
  readonly view: MessageView
  readonly slots: SlotTable
  /** Undefined: storage is a folder, and a failure of it ends the process. */
  readonly watch: CommitWatch | undefined
}

async function openNodeStorage(
  context: RoleContext,
  health: EngineHealth,
  consul: ConsulMembers | undefined,
  teardown: Teardown,
): Promise<NodeStorage> {
  const { config } = context
  const { node } = ownLink(config)
  if (config.cassandra === undefined) {
    guardRing(config.dataDir, node, config.members!)
    return { ...(await openStorage(context, teardown)), watch: undefined }
  }
  const engine = cassandraEngine(config)
  const storage = await openCassandraStorage(context, health, teardown)
  const watch = watchCommits(pacedFailures(storage.logs), {
    onOpened: (log) => consul?.describe(node, { log }),
    onFault(fault) {
      consul?.describe(node, { fault })
      if (fault === undefined) health.back(engine)
      else health.away(engine, fault, 'nothing is acknowledged until it does; tried again without end')
    },
  })
  teardown.add(async () => watch.stop())
  return { logs: watch.logs, view: pacedFailures(storage.view), slots: pacedFailures(storage.slots), watch }
}

/** Why nobody should count on this node now. */
class Readiness {
  draining = false
  private readonly health: EngineHealth
  private shardNode: ShardNode | undefined
  private watch: CommitWatch | undefined
  /** Slots that the ring gives to this node; undefined: nobody knows yet. */
  private wanted: number | undefined

  constructor(health: EngineHealth) {
    this.health = health
  }

  follow(shardNode: ShardNode, members: Members, watch: CommitWatch | undefined): void {
    this.shardNode = shardNode
    this.watch = watch
    members.watch((all) => {
      if (all.length > 0) this.wanted = desiredOwners(all).filter((owner) => owner === shardNode.node).length
    })
  }

  reasons(): string[] {
    const reasons = this.draining ? ['draining'] : []
    if (this.shardNode === undefined) return [...reasons, this.health.reason('Cassandra') ?? 'starting']
    if (this.watch?.fault !== undefined) reasons.push(this.health.reason('Cassandra') ?? this.watch.fault)
    const { serving } = this.shardNode
    if (this.wanted === undefined) reasons.push(this.health.reason('Consul') ?? 'no members are known yet')
    else if (serving < this.wanted) reasons.push(`${serving} of ${this.wanted} slots are served`)
    return reasons
  }
}
