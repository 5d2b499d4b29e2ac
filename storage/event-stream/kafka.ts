import { recordHeadOf } from '@chat4all/protocol'
import { CompressionTypes, Kafka, logLevel, type Producer } from 'kafkajs'
import type { EventSource, EventStream, Following } from './port.js'

export interface KafkaOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly topic?: string
  readonly partitions?: number
  readonly replicationFactor?: number
  /** How long messages stay in the topic, milliseconds. */
  readonly retentionMs?: number
  readonly onFault?: (what: string, error: Error) => void
}

export const MESSAGES_TOPIC = 'messages'
const PARTITIONS = 12
const RETENTION_MS = 7 * 24 * 3600 * 1000
const REQUEST_MS_MAX = 10_000

function kafkaOf({ brokers, clientId }: KafkaOptions): Kafka {
  return new Kafka({
    brokers: [...brokers],
    clientId,
    requestTimeout: REQUEST_MS_MAX,
    connectionTimeout: 3_000,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 3 },
  })
}

/**
 * Publishes to a Kafka topic, keyed by conversation. kafkajs's idempotent producer breaks the order when requests are
 * pipelined: so there is one request in flight, and as much as has gathered goes into it.
 */
export function kafkaEventStream(options: KafkaOptions): EventStream {
  const kafka = kafkaOf(options)
  const topic = options.topic ?? MESSAGES_TOPIC
  let connected: Promise<Producer> | undefined
  let busy = false

  async function connect(): Promise<Producer> {
    await createTopic(kafka, options, topic)
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false })
    await producer.connect()
    return producer
  }

  return {
    async publish(events) {
      if (busy) throw new Error('publish was called while another publish was under way')
      busy = true
      try {
        connected ??= connect()
        const producer = await connected
        const messages = events.map(({ conversation, record }) => ({
          key: conversation,
          value: Buffer.from(record.buffer, record.byteOffset, record.length),
        }))
        await producer.send({ topic, acks: -1, timeout: REQUEST_MS_MAX, compression: CompressionTypes.None, messages })
      } catch (error) {
        // The outcome is unknown, and with it the producer's own numbering: the next attempt begins with a new one.
        const failed = connected
        connected = undefined
        void failed?.then((producer) => producer.disconnect()).catch(() => {})
        throw error
      } finally {
        busy = false
      }
    },
    async close() {
      await connected?.then((producer) => producer.disconnect()).catch(() => {})
    },
  }
}

async function createTopic(kafka: Kafka, options: KafkaOptions, topic: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const replicationFactor = options.replicationFactor ?? 1
    await admin.createTopics({
      topics: [
        {
          topic,
          numPartitions: options.partitions ?? PARTITIONS,
          replicationFactor,
          configEntries: [
            { name: 'retention.ms', value: String(options.retentionMs ?? RETENTION_MS) },
            { name: 'min.insync.replicas', value: String(Math.max(1, replicationFactor - 1)) },
          ],
        },
      ],
    })
  } finally {
    await admin.disconnect()
  }
}

/** Reads the topic as a consumer group; offsets are committed after the events of a batch were taken. */
export function kafkaEventSource(options: KafkaOptions): EventSource {
  const kafka = kafkaOf(options)
  const topic = options.topic ?? MESSAGES_TOPIC
  const open = new Set<Following>()

  return {
    async follow(group, onEvents) {
      await createTopic(kafka, options, topic)
      const consumer = kafka.consumer({
        groupId: group,
        sessionTimeout: 10_000,
        heartbeatInterval: 2_000,
        maxWaitTimeInMs: 100,
        allowAutoTopicCreation: false,
      })
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        partitionsConsumedConcurrently: 4,
        eachBatchAutoResolve: true,
        async eachBatch({ batch }) {
          await onEvents(
            batch.messages.flatMap(({ value }) => {
              const head = recordHeadOf(value ?? new Uint8Array())
              if (head.type === 'follows') return []
              return { kind: head.type, app: head.app, conversation: head.conversation, record: head.record }
            }),
          )
        },
      })
      const following: Following = {
        async stop() {
          open.delete(following)
          await consumer.disconnect()
        },
      }
      open.add(following)
      return following
    },
    async close() {
      await Promise.all([...open].map((following) => following.stop()))
    },
  }
}
