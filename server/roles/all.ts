import { join } from 'node:path'
import { type EdgeId, type NodeId, SLOTS } from '@chat4all/protocol'
import { inProcessLinks, inProcessMembers } from '@chat4all/router'
import { peerName, type ShardNode, shardNodeEvents, startShardNode } from '@chat4all/shard-node'
import { inProcessRateLimits } from '@chat4all/storage'
import { openFileStores } from '../files/open-file-stores.js'
import { keptSecret } from '../process/kept-secret.js'
import { startWebhookDelivery } from '../webhooks/webhook-delivery.js'
import { ensureDemoApp } from './demo-app.js'
import { type EdgeServer, startEdgeServer } from './edge-server.js'
import { openEventGroups } from './open-event-groups.js'
import { openStorage } from './open-storage.js'
import type { RoleContext, RunningRole } from './role.js'
import { Teardown } from './teardown.js'

/** Every role in one process: shard-nodes and edges that share a data folder, members and links. */
export function startAll(context: RoleContext): Promise<RunningRole> {
  return Teardown.guard(context.logger, (teardown) => start(context, teardown))
}

async function start(context: RoleContext, teardown: Teardown): Promise<RunningRole> {
  const { config, logger, registry } = context
  const ids = Array.from({ length: config.nodes }, (_, i) => `node-${i + 1}` as NodeId)
  const storage = await openStorage(context, teardown)
  const demoApp = await ensureDemoApp(context, storage.directory)
  if (demoApp === undefined && (await storage.directory.apps()).length === 0) {
    logger.warn('no app exists, so nobody can get a token: set CHAT4ALL_DEMO_SECRET, or start with --demo')
  }

  const groups = await openEventGroups(context, storage.logs, teardown)
  const members = inProcessMembers()
  const links = inProcessLinks()
  teardown.add(() => members.close())
  const nodes: ShardNode[] = []
  teardown.add(async () => void (await Promise.all(nodes.map((node) => node.stop()))))
  for (const node of ids) {
    nodes.push(
      await startShardNode({
        node,
        logs: storage.logs,
        view: storage.view,
        slots: storage.slots,
        presence: storage.presence,
        groups,
        members,
        listener: links.listener(node),
        dialer: links.dialer(peerName(node)),
        events: shardNodeEvents(node, logger, registry),
        onFatal: context.storageFailed,
      }),
    )
  }

  // One process has the data folder, so it is always the same one that delivers.
  startWebhookDelivery(
    context,
    { source: groups, view: storage.view, records: storage.records, holder: 'all' },
    teardown,
  )

  const tokenKey = config.tokenKey ?? Buffer.from(keptSecret(join(config.dataDir, 'token-key'), 'base64'), 'base64')
  const operatorToken = config.metricsToken ?? keptSecret(join(config.dataDir, 'operator-token'), 'base64url')
  const fileStores = await openFileStores(context, tokenKey, teardown)
  const unreadiness = (): string[] => {
    const served = nodes.reduce((sum, { serving }) => sum + serving, 0)
    return served < SLOTS ? [`${served} of ${SLOTS} slots are served`] : []
  }
  const rateLimits = inProcessRateLimits()
  const edges: EdgeServer[] = []
  teardown.add(async () => void (await Promise.all(edges.map((edge) => edge.stop()))))
  for (const [i, port] of [config.port, ...(config.edgePorts ?? [])].entries()) {
    const edge = `edge-${i + 1}` as EdgeId
    const { presence, directory, records } = storage
    const dialer = links.dialer(edge)
    edges.push(
      await startEdgeServer(context, {
        edge,
        port,
        dialer,
        members,
        presence,
        rateLimits,
        directory,
        records,
        fileStores,
        tokenKey,
        operatorToken,
        ring: storage,
        unreadiness,
      }),
    )
  }
  return {
    urls: edges.map(({ url }) => url),
    demoApp,
    stop: () => teardown.run(),
    abandon() {
      for (const edge of edges) edge.abandon()
    },
  }
}
