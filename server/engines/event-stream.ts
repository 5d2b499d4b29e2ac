import type { EventStream } from '@chat4all/storage'
import type { RoleContext } from '../roles/role.js'
import type { Teardown } from '../roles/teardown.js'
import type { Engine, EngineHealth } from './engine-health.js'

const REPLICATION_MAX = 3

/**
 * Where a shard-node publishes what it committed; undefined without Kafka. Nobody waits for Kafka: while it is away the
 * log keeps what is not published, and clients notice nothing.
 */
export async function openEventStream(
  { config }: RoleContext,
  health: EngineHealth,
  teardown: Teardown,
): Promise<EventStream | undefined> {
  if (config.kafka === undefined) return undefined
  const { kafkaEventStream, MESSAGES_TOPIC } = await import('@chat4all/storage/kafka')
  const engine: Engine = { name: 'Kafka', where: config.kafka.join(',') }
  health.back(engine)
  const stream = kafkaEventStream({
    brokers: config.kafka,
    clientId: config.nodeId!,
    replicationFactor: config.kafkaReplication ?? Math.min(REPLICATION_MAX, config.kafka.length),
    topic: `${config.kafkaTopics}${MESSAGES_TOPIC}`,
    onFault: ({ kind, error }) => {
      const meanwhile =
        kind === 'refused'
          ? 'it refuses what is published, and an operator has to look; the log keeps it'
          : 'the log keeps what is not published'
      health.away(engine, error.message, meanwhile)
    },
  })
  teardown.add(() => stream.close())
  return {
    async publish(events) {
      await stream.publish(events)
      health.back(engine)
    },
    close: () => stream.close(),
  }
}
