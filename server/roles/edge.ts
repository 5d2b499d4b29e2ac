import type { EdgeId } from '@chat4all/protocol'
import { staticMembers, tcpLinkDialer } from '@chat4all/router'
import { everywherePresence, openEmbeddedEdgeStorage } from '@chat4all/storage'
import { linkTls } from '../config/load-config.js'
import { ensureDemoApp } from './demo-app.js'
import { startEdgeServer } from './edge-server.js'
import type { RoleContext, RunningRole } from './role.js'
import { Teardown } from './teardown.js'

/** One edge of a cluster without outside engines: fixed members, links over TCP, a directory of apps of its own. */
export function startEdgeRole(context: RoleContext): Promise<RunningRole> {
  return Teardown.guard((teardown) => start(context, teardown))
}

async function start(context: RoleContext, teardown: Teardown): Promise<RunningRole> {
  const { config } = context
  const edge = config.nodeId as string as EdgeId
  const storage = await openEmbeddedEdgeStorage(config.dataDir)
  teardown.add(() => storage.close())
  const { directory } = storage
  const demoApp = await ensureDemoApp(context, directory)
  const server = await startEdgeServer(context, {
    edge,
    port: config.port,
    dialer: tcpLinkDialer(edge, { secret: config.linkSecret, tls: linkTls(config) }),
    members: staticMembers(config.members!),
    // Shard-nodes are other processes: they ask all edges.
    presence: everywherePresence(),
    directory,
    tokenKey: config.tokenKey!,
    unreadiness: () => [],
  })
  teardown.add(() => server.stop())
  return { urls: [server.url], demoApp, stop: () => teardown.run(), abandon: () => server.abandon() }
}
