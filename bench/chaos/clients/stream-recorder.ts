import { logRecord, message, Reader } from '@chat4all/protocol'
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import type { Recorder } from '../history/history-file.js'
import type { SeenMessage } from '../history/observation.js'
import { seenInFrame } from './seen-message.js'

const TOPIC_MS_MAX = 60_000
const TOPIC_POLL_MS = 200

/** A consumer of everything committed: writes down what it gets, repeats included, in the order of each partition. */
export class StreamRecorder {
  /** Highest seq that came, by conversation. */
  readonly heads = new Map<string, number>()
  private readonly kafka: Kafka
  private readonly topic: string
  private readonly recorder: Recorder
  private consumer: Consumer | undefined

  constructor(brokers: readonly string[], topic: string, recorder: Recorder) {
    this.kafka = new Kafka({
      brokers: [...brokers],
      clientId: 'chat4all-chaos',
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 1_000 },
    })
    this.topic = topic
    this.recorder = recorder
  }

  async start(): Promise<void> {
    await this.topicExists()
    const consumer = this.kafka.consumer({
      groupId: `${this.topic}-recorder`,
      sessionTimeout: 30_000,
      maxWaitTimeInMs: 100,
      retry: { retries: 1_000, restartOnFailure: async () => true },
    })
    this.consumer = consumer
    await consumer.connect()
    await consumer.subscribe({ topic: this.topic, fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ partition, message: { value, offset } }) => this.take(partition, offset, value),
    })
  }

  async close(): Promise<void> {
    await this.consumer?.disconnect().catch(() => {})
  }

  /** The first shard-node that publishes makes it. */
  private async topicExists(): Promise<void> {
    const admin = this.kafka.admin()
    await admin.connect()
    try {
      for (const until = performance.now() + TOPIC_MS_MAX; !(await admin.listTopics()).includes(this.topic); ) {
        if (performance.now() > until)
          throw new Error(`nobody made the topic ${this.topic}: are shard-nodes publishing?`)
        await new Promise((resolve) => setTimeout(resolve, TOPIC_POLL_MS))
      }
    } finally {
      await admin.disconnect()
    }
  }

  /** Deletes the topic: it is of this run alone. */
  async deleteTopic(): Promise<void> {
    const admin = this.kafka.admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [this.topic] }).catch(() => {})
    await admin.disconnect()
  }

  private take(partition: number, offset: string, value: Uint8Array | null): void {
    if (value === null) return
    const record = logRecord.read(new Reader(value))
    if (record.type !== 'messages') return
    const reader = new Reader(record.messages)
    const messages: SeenMessage[] = []
    for (let i = 0; i < record.count; i++) messages.push(seenInFrame(message.read(reader)))
    const { conversation } = record
    const last = messages.at(-1)?.[0] ?? 0
    this.heads.set(conversation, Math.max(this.heads.get(conversation) ?? 0, last))
    this.recorder.record({ type: 'streamed', at: this.recorder.now(), partition, offset, conversation, messages })
  }
}
