import { App } from 'uWebSockets.js'
import { type EventSource, kafkaEventSource } from '@chat4all/storage'
import { openCassandraStorage } from '../engines/cassandra.js'
import { type Engine, EngineHealth } from '../engines/engine-health.js'
import { mountHealth } from '../http/health-routes.js'
import { listen, urlOf } from '../http/listen.js'
import { mountMetrics } from '../http/metrics-route.js'
import { startWebhookDelivery } from '../webhooks/webhook-delivery.js'
import type { RoleContext, RunningRole } from './role.js'
import { Teardown } from './teardown.js'

/**
 * One process that delivers webhooks, in a cluster: events from Kafka, everything else in Cassandra. Several share the
 * conversations among them.
 */
export function startWebhookRole(context: RoleContext): Promise<RunningRole> {
  return Teardown.guard((teardown) => start(context, teardown))
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

  const { view, records } = await openCassandraStorage(context, health, teardown)
  const source = openEventSource(context, health, teardown)
  startWebhookDelivery(context, { source, view, records, holder: config.nodeId! }, teardown)
  reasons = () => [health.reason('Kafka')].filter((reason) => reason !== undefined)
  return {
    urls: [urlOf(config.host, listening.port)],
    async stop() {
      reasons = () => ['draining']
      await teardown.run()
    },
    abandon() {},
  }
}

function openEventSource({ config }: RoleContext, health: EngineHealth, teardown: Teardown): EventSource {
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
  return {
    follow: (group, onEvents, options) =>
      source.follow(
        // Clusters that share a Kafka have topics, and so groups, of their own.
        `${config.kafkaTopics}${group}`,
        (events) => {
          health.back(kafka)
          return onEvents(events)
        },
        options,
      ),
    close: () => source.close(),
  }
}
