import { CompressionTypes, Partitioners, type Producer } from 'kafkajs'
import { faultKind, type KafkaOptions, kafkaOf, REQUEST_MS_MAX } from './kafka/connection.js'
import { ensureTopic, topicOf } from './kafka/topic.js'
import type { EventStream } from './port.js'

export { type KafkaFault, type KafkaOptions, MESSAGES_TOPIC } from './kafka/connection.js'
export { kafkaEventSource } from './kafka/source.js'

/**
 * Publishes to a Kafka topic, keyed by conversation (docs/event-stream.md says how to read it in any language). kafkajs's
 * idempotent producer breaks the order when requests are pipelined: so there is one request in flight, and as much as
 * has gathered goes into it.
 */
export function kafkaEventStream(options: KafkaOptions): EventStream {
  const kafka = kafkaOf(options)
  const topic = topicOf(options)
  let connected: Promise<Producer> | undefined
  let busy = false

  async function connect(): Promise<Producer> {
    const admin = kafka.admin()
    try {
      await admin.connect()
      await ensureTopic(admin, options)
    } finally {
      await admin.disconnect().catch(() => {})
    }
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // A topic that was just made has no leaders for a moment.
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 6 },
      createPartitioner: Partitioners.DefaultPartitioner,
    })
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
        options.onFault?.({ what: 'publish', kind: faultKind(error), error: error as Error })
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
