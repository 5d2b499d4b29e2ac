import { App } from 'uWebSockets.js'
import type { EventSource } from '@chat4all/storage'
import { openCassandraStorage } from '../engines/cassandra.js'
import { type Engine, EngineHealth } from '../engines/engine-health.js'
import { openConsul } from '../engines/members.js'
import { mountHealth } from '../http/health-routes.js'
import { listen, urlOf } from '../http/listen.js'
import { mountMetrics } from '../http/metrics-route.js'
import { startWebhookDelivery } from '../webhooks/webhook-delivery.js'
import type { RoleContext, RunningRole } from './role.js'
import { Teardown } from './teardown.js'

/** How often Consul is told whether it can deliver. */
const TELL_MS = 1_000

/**
 * One process that delivers webhooks, in a cluster: events from Kafka, everything else in Cassandra. Several share the
 * conversations among them.
 */
export function startWebhookRole(context: RoleContext): Promise<RunningRole> {
  return Teardown.guard(context.logger, (teardown) => start(context, teardown))
}

async function start(context: RoleContext, teardown: Teardown): Promise<RunningRole> {
  const { config, logger, registry } = context
  const health = new EngineHealth(logger, registry)
  let reasons = (): string[] => [health.reason('Cassandra') ?? 'starting']
  const app = App()
  teardown.add(async () => void app.close())
  mountHealth(app, () => reasons())
  mountMetrics(app, registry, { token: config.metricsToken })
  const listening = await listen(app, config.host, config.port)
  const url = urlOf(config.host, listening.port)
  await announce(context, health, teardown, url, () => reasons())

  const { view, records } = await openCassandraStorage(context, health, teardown)
  const source = await openEventSource(context, health, teardown)
  startWebhookDelivery(context, { source, view, records, holder: config.nodeId! }, teardown)
  reasons = () => [health.reason('Kafka')].filter((reason) => reason !== undefined)
  return {
    urls: [url],
    async stop() {
      reasons = () => ['draining']
      await teardown.run()
    },
    abandon() {},
  }
}

/** Tells people, by Consul where there is one, that this process is there, and why it cannot deliver when it cannot. */
async function announce(
  context: RoleContext,
  health: EngineHealth,
  teardown: Teardown,
  url: string,
  reasons: () => readonly string[],
): Promise<void> {
  const consul = await openConsul(context, health, teardown, 'webhooks are delivered all the same')
  if (consul === undefined) return
  const name = context.config.nodeId!
  const fault = (): string | undefined => reasons().join('; ') || undefined
  consul.announce('webhook', name, { http: url, fault: fault() })
  const telling = setInterval(() => consul.describe(name, { fault: fault() }), TELL_MS)
  teardown.add(async () => clearInterval(telling))
}

async function openEventSource(
  { config }: RoleContext,
  health: EngineHealth,
  teardown: Teardown,
): Promise<EventSource> {
  const { kafkaEventSource } = await import('@chat4all/storage/kafka')
  const kafka: Engine = { name: 'Kafka', where: config.kafka!.join(',') }
  const source = kafkaEventSource({
    brokers: config.kafka!,
    clientId: `${config.cluster}-${config.nodeId}`,
    topic: `${config.kafkaTopics}messages`,
    onFault({ kind, error }) {
      // What this process itself did not take is told of by whoever did not take it.
      if (kind !== 'rejected') health.away(kafka, error.message, 'webhooks wait until it does')
    },
  })
  teardown.add(() => source.close())
  // Clusters that share a Kafka have topics, and so groups, of their own.
  const nameOf = (group: string): string => `${config.kafkaTopics}${group}`
  return {
    follow: (group, onEvents, options) =>
      source.follow(
        nameOf(group),
        (events) => {
          health.back(kafka)
          return onEvents(events)
        },
        options,
      ),
    forget: (group) => source.forget(nameOf(group)),
    close: () => source.close(),
  }
}
