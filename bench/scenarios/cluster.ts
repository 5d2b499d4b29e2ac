import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster } from '../chaos/cluster/cluster.js'
import type { Recorder } from '../chaos/history/history-file.js'
import type { Target } from '../load/dialect.js'
import type { Placement } from '../servers/running-server.js'
import { inLoadProcess } from './in-load-process.js'
import type { MessageResult } from './message-scenarios.js'
import type { OpenSettings, PairsSettings } from './settings.js'

/** Our server as a cluster of processes over the real engines, measured process by process. */

export interface ClusterSize {
  readonly edges: number
  readonly nodes: number
  readonly kafka: boolean
}

export interface ClusterRun {
  readonly size: ClusterSize
  readonly placement: Placement
  /** Further settings of every component. */
  readonly environment?: Readonly<Record<string, string>>
  /** Where the components' logs are kept; they are deleted unless given. */
  readonly logFolder?: string | undefined
  progress(text: string): void
}

const NOBODY: Recorder = { record() {}, now: () => performance.now() }

/** Starts a cluster, lets it be used, and ends it. `folder`: where its logs are, until then. */
export async function withCluster<T>(
  { size, placement, environment, logFolder, progress }: ClusterRun,
  use: (cluster: Cluster, folder: string) => Promise<T>,
): Promise<T> {
  const folder = logFolder ?? mkdtempSync(join(tmpdir(), 'chat4all-cluster-'))
  const cluster = await Cluster.prepare(
    {
      ...size,
      folder,
      engines: true,
      engineSet: '',
      network: false,
      clockSkewMs: 0,
      processors: placement.server,
      environment: { CHAT4ALL_LOG_LEVEL: 'warn', ...environment },
    },
    NOBODY,
  )
  try {
    progress(`${size.edges} edges, ${size.nodes} shard-nodes`)
    await cluster.start()
    return await use(cluster, folder)
  } finally {
    await cluster.end()
    if (logFolder === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

/** The cluster as the generator sees it: its edges in turn, and whose CPU time is to be measured. */
export function targetOf(cluster: Cluster, edges = cluster.edges): Target {
  const ours = cluster.components.map(({ name, pid }) => [name, pid ?? 0] as const)
  const engines = cluster.engines.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid] as const]))
  return {
    port: edges[0]!.port,
    edgePorts: edges.map(({ port }) => port),
    pid: edges[0]!.pid ?? 0,
    processes: Object.fromEntries([...ours, ...engines]),
    clientId: cluster.clientId,
    clientSecret: cluster.clientSecret,
    metricsToken: cluster.metricsToken,
  }
}

/** One scenario on a cluster of its own. */
export function measureCluster(run: ClusterRun, settings: OpenSettings | PairsSettings): Promise<MessageResult> {
  return withCluster(run, (cluster) => {
    const job = { dialect: 'chat4all' as const, target: targetOf(cluster), settings }
    return inLoadProcess(job, run.placement.load)
  })
}
