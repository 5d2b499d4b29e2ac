import type { EdgeId } from '@chat4all/protocol'
import { tcpLinkDialer } from '@chat4all/router'
import type { DirectoryStore, Records } from '@chat4all/storage'
import { linkTls } from '../config/load-config.js'
import { cassandraEngine, openCassandraStorage } from '../engines/cassandra.js'
import { EngineHealth } from '../engines/engine-health.js'
import { openMembers } from '../engines/members.js'
import { openRedisParts } from '../engines/redis.js'
import { openFileStores } from '../files/open-file-stores.js'
import { openWaitingPort } from '../http/waiting-port.js'
import type { RingSources } from '../ring/ring-view.js'
import { ensureDemoApp } from './demo-app.js'
import { startEdgeServer, tlsFiles } from './edge-server.js'
import type { DemoApp, RoleContext, RunningRole } from './role.js'
import { Teardown } from './teardown.js'

/**
 * One edge of a cluster. What is set up (apps) is in Cassandra, or in a folder of its own; shard-nodes are those that
 * Consul knows, or a fixed list.
 */
export function startEdgeRole(context: RoleContext): Promise<RunningRole> {
  return Teardown.guard(context.logger, (teardown) => start(context, teardown))
}

async function start(context: RoleContext, teardown: Teardown): Promise<RunningRole> {
  const { config, logger, registry } = context
  const edge = config.nodeId as string as EdgeId
  const health = new EngineHealth(logger, registry)
  const { port, records, directory, demoApp, ring } = await openDirectory(context, health, teardown)
  const { members, consul } = await openMembers(context, health, teardown)
  const server = await startEdgeServer(context, {
    edge,
    port,
    dialer: tcpLinkDialer(edge, { secret: config.linkSecret, tls: linkTls(config) }),
    members,
    ...(await openRedisParts(context, health, teardown)),
    directory,
    records,
    fileStores: await openFileStores(context, config.tokenKey!, teardown),
    tokenKey: config.tokenKey!,
    operatorToken: config.metricsToken,
    ring,
    unreadiness: () => [],
  })
  teardown.add(() => server.stop())
  consul?.announce('edge', edge, { http: server.url })
  return { urls: [server.url], demoApp, stop: () => teardown.run(), abandon: () => server.abandon() }
}

interface EdgeDirectory {
  readonly port: number
  readonly records: Records
  readonly directory: DirectoryStore
  readonly demoApp: DemoApp | undefined
  readonly ring: RingSources | undefined
}

async function openDirectory(context: RoleContext, health: EngineHealth, teardown: Teardown): Promise<EdgeDirectory> {
  const { config } = context
  if (config.cassandra === undefined) {
    const { openEmbeddedEdgeStorage } = await import('@chat4all/storage/embedded')
    const storage = await openEmbeddedEdgeStorage(config.dataDir)
    teardown.add(() => storage.close())
    // Slots and logs are in the folders of the shard-nodes.
    const ring = undefined
    return { ...storage, port: config.port, demoApp: await ensureDemoApp(context, storage.directory), ring }
  }
  const engine = cassandraEngine(config)
  const waiting = await openWaitingPort({
    host: config.host,
    port: config.port,
    tls: tlsFiles(config),
    unreadiness: () => [health.reason('Cassandra') ?? 'starting'],
  })
  try {
    const storage = await openCassandraStorage(context, health, teardown)
    const demoApp = await health.until(engine, () => ensureDemoApp(context, storage.directory))
    return { ...storage, port: waiting.port, demoApp, ring: storage }
  } finally {
    waiting.close()
  }
}
