import { App } from 'uWebSockets.js'
import { desiredOwners, staticMembers, tcpLinkListener } from '@chat4all/router'
import { shardNodeEvents, startShardNode } from '@chat4all/shard-node'
import { everywherePresence } from '@chat4all/storage'
import { linkTls, ownMember } from '../config/load-config.js'
import { mountHealth } from '../http/health-routes.js'
import { listen, urlOf } from '../http/listen.js'
import { mountMetrics } from '../http/metrics-route.js'
import { guardRing } from '../process/ring-guard.js'
import { openStorage } from './open-storage.js'
import type { RoleContext, RunningRole } from './role.js'
import { Teardown } from './teardown.js'

/** One shard-node of a cluster without outside engines: storage in its own folder, links over TCP, fixed members. */
export function startShardNodeRole(context: RoleContext): Promise<RunningRole> {
  return Teardown.guard((teardown) => start(context, teardown))
}

async function start(context: RoleContext, teardown: Teardown): Promise<RunningRole> {
  const { config, logger, registry } = context
  const { node, host, port } = ownMember(config)
  const all = config.members!
  const storage = await openStorage(context, teardown)
  guardRing(config.dataDir, node, all)
  // Closed after the shard-node, so that whoever asks /readyz meanwhile hears why.
  const app = App()
  teardown.add(async () => void app.close())
  const shardNode = await startShardNode({
    node,
    logs: storage.logs,
    view: storage.view,
    slots: storage.slots,
    // Edges are other processes: on which of them a user is, nobody here knows.
    presence: everywherePresence(),
    members: staticMembers(all),
    listener: tcpLinkListener(node, {
      host,
      port,
      secret: config.linkSecret,
      tls: linkTls(config),
      onRefused: (remote, reason) => logger.warn({ remote, reason }, 'link refused'),
    }),
    events: shardNodeEvents(node, logger, registry),
    onFatal: context.storageFailed,
  })
  teardown.add(() => shardNode.stop())

  const wanted = desiredOwners(all).filter((owner) => owner === node).length
  let draining = false
  mountHealth(app, () => [
    ...(draining ? ['draining'] : []),
    ...(shardNode.serving < wanted ? [`${shardNode.serving} of ${wanted} slots are served`] : []),
  ])
  mountMetrics(app, registry, { token: config.metricsToken })
  const listening = await listen(app, config.host, config.port)
  return {
    urls: [urlOf(config.host, listening.port)],
    linkAddress: shardNode.address,
    stop() {
      draining = true
      return teardown.run()
    },
    // Its links end with the process, and that is what edges go by.
    abandon() {},
  }
}
