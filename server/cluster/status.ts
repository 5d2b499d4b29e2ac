import type { LogId, NodeId } from '@chat4all/protocol'
import {
  clusterKeys,
  desiredOwners,
  type Member,
  memberSeen,
  nodeOf,
  type ServiceEntry,
  weightsOf,
} from '@chat4all/router'
import type { LogCursors, SlotRow } from '@chat4all/storage'
import { cassandraNodeLogs, cassandraSlotTable, joinCassandra } from '@chat4all/storage/cassandra'
import type { Config } from '../config/settings.js'
import { CannotAskError, ConsulApi } from './consul-api.js'
import { type NodeMetrics, readNodeMetrics } from './node-metrics.js'

/** How a cluster is: what Consul, Cassandra and the nodes say of it. */
export interface ClusterStatus {
  readonly cluster: string
  readonly nodes: readonly NodeStatus[]
  readonly edges: readonly EdgeStatus[]
  readonly slots: {
    /** Owned by somebody; undefined: Cassandra could not be asked. */
    readonly owned: number | undefined
    /** Owned by a node that is not among the healthy. */
    readonly orphaned: number | undefined
    /** Owned by another than the ring desires: they are on their way. */
    readonly moving: number | undefined
  }
  /** What could not be asked, in words for people. */
  readonly problems: readonly string[]
}

export interface NodeStatus {
  readonly node: string
  /** `unknown`: it owns slots and Consul does not know it, or cannot be asked. */
  readonly health: 'passing' | 'faulty' | 'expired' | 'unknown'
  /** What its check says, where it is not passing. */
  readonly note: string | undefined
  readonly address: string | undefined
  readonly http: string | undefined
  readonly version: string | undefined
  readonly weight: number | undefined
  /** An operator's weight stands in place of its own. */
  readonly weightOverridden: boolean
  readonly draining: boolean
  readonly slotsOwned: number | undefined
  readonly slotsDesired: number | undefined
  /** Highest epoch among its slots: how often ownership has moved. */
  readonly epochMax: number | undefined
  readonly log: string | undefined
  readonly cursors: LogCursors | undefined
  /** Undefined: its /metrics were not asked, for want of a token or an address, or could not be read: see the problems. */
  readonly metrics: NodeMetrics | undefined
}

export interface EdgeStatus {
  readonly edge: string
  readonly health: 'passing' | 'expired'
  readonly http: string | undefined
  readonly version: string | undefined
}

interface FromConsul {
  readonly services: readonly ServiceEntry[]
  readonly edges: readonly ServiceEntry[]
  readonly weights: ReadonlyMap<string, number>
}

interface FromCassandra {
  readonly rows: readonly SlotRow[]
  cursors(log: LogId): Promise<LogCursors>
  close(): Promise<void>
}

/** Asks Consul, Cassandra and the nodes. What cannot be asked is named among the problems, and left out. */
export async function readClusterStatus(config: Config): Promise<ClusterStatus> {
  const problems: string[] = []
  const [consul, cassandra] = await Promise.all([
    orProblem(askConsul(config), problems),
    orProblem(askCassandra(config), problems),
  ])
  try {
    const members = consul === undefined ? [] : membersOf(config, consul)
    const desired = desiredOwners(members.filter(({ state }) => state === 'passing'))
    const owners = new Map(cassandra?.rows.map((row) => [row.slot as number, row]))
    const known = new Set<string>([...members.map(({ node }) => node), ...[...owners.values()].map(({ node }) => node)])
    const nodes = await Promise.all(
      [...known].sort().map((node) => nodeStatus({ node, config, consul, cassandra, members, desired, problems })),
    )
    const healthy = new Set(nodes.filter(({ health }) => health === 'passing').map(({ node }) => node))
    const rows = [...owners.values()]
    return {
      cluster: config.cluster,
      nodes,
      edges: (consul?.edges ?? []).map(edgeStatus).sort((a, b) => (a.edge < b.edge ? -1 : 1)),
      slots: {
        owned: cassandra && rows.length,
        orphaned: cassandra && consul && rows.filter(({ node }) => !healthy.has(node)).length,
        moving: cassandra && consul && rows.filter(({ slot, node }) => desired[slot] !== node).length,
      },
      problems,
    }
  } finally {
    await cassandra?.close()
  }
}

async function orProblem<Found>(asking: Promise<Found>, problems: string[]): Promise<Found | undefined> {
  try {
    return await asking
  } catch (error) {
    if (!(error instanceof CannotAskError)) throw error
    problems.push(error.message)
    return undefined
  }
}

async function askConsul(config: Config): Promise<FromConsul> {
  const api = new ConsulApi(config)
  const keys = clusterKeys(config.cluster)
  const [services, edges, weights] = await Promise.all([
    api.service(keys.services['shard-node']),
    api.service(keys.services.edge),
    api.keys(keys.weights),
  ])
  return { services, edges, weights: weightsOf(weights, keys.weights) }
}

async function askCassandra(config: Config): Promise<FromCassandra> {
  const { cassandraUsername: username, cassandraPassword: password } = config
  try {
    const client = await joinCassandra({
      contactPoints: config.cassandra!,
      localDataCenter: config.cassandraDatacenter,
      keyspace: config.cassandraKeyspace,
      requestMsMax: 5_000,
      ...(username !== undefined && password !== undefined && { credentials: { username, password } }),
    })
    try {
      const rows = await cassandraSlotTable(client).read()
      const logs = cassandraNodeLogs(client)
      return { rows, cursors: (log) => logs.cursors(log), close: () => client.shutdown() }
    } catch (error) {
      await client.shutdown()
      throw error
    }
  } catch (error) {
    const why = (error as Error).message.split('\n', 1)[0]!
    throw new CannotAskError('Cassandra', config.cassandra!.join(','), 'CHAT4ALL_CASSANDRA', why)
  }
}

function membersOf({ cluster }: Config, { services, weights }: FromConsul) {
  const { faultNotes } = clusterKeys(cluster)
  return services.map((entry) => memberSeen(entry, weights, faultNotes['shard-node']))
}

interface Known {
  readonly node: string
  readonly config: Config
  readonly consul: FromConsul | undefined
  readonly cassandra: FromCassandra | undefined
  readonly members: readonly (Member & { readonly state: 'passing' | 'faulty' | 'expired' })[]
  readonly desired: readonly (NodeId | undefined)[]
  readonly problems: string[]
}

async function nodeStatus({ node, config, consul, cassandra, members, desired, problems }: Known): Promise<NodeStatus> {
  const entry = consul?.services.find((one) => nodeOf(one) === node)
  const member = members.find((one) => one.node === node)
  const meta = entry?.Service.Meta ?? undefined
  const own = cassandra?.rows.filter((row) => row.node === node)
  const log = (meta?.log ?? own?.[0]?.log) as LogId | undefined
  const http = meta?.http
  const [cursors, metrics] = await Promise.all([
    log === undefined ? undefined : cassandra?.cursors(log).catch(() => undefined),
    http === undefined || config.metricsToken === undefined || member?.state === 'expired'
      ? undefined
      : readNodeMetrics(http, config.metricsToken).catch((error: Error) => {
          problems.push(`The metrics of ${node} at ${http} cannot be read: ${error.message}`)
          return undefined
        }),
  ])
  return {
    node,
    health: member?.state ?? 'unknown',
    note: entry?.Checks.find(({ Status }) => Status === 'critical')?.Output,
    address: member?.address,
    http,
    version: meta?.version,
    weight: member?.weight,
    weightOverridden: consul?.weights.has(node) ?? false,
    draining: member?.weight === 0,
    slotsOwned: own?.length,
    slotsDesired: consul && desired.filter((owner) => owner === node).length,
    epochMax: own?.reduce((max, { epoch }) => Math.max(max, epoch), 0),
    log,
    cursors,
    metrics,
  }
}

function edgeStatus(entry: ServiceEntry): EdgeStatus {
  const critical = entry.Checks.some(({ Status }) => Status === 'critical')
  const { http, version } = entry.Service.Meta ?? {}
  return { edge: nodeOf(entry), health: critical ? 'expired' : 'passing', http, version }
}
