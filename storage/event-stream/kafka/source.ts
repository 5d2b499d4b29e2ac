import { recordHeadOf } from '@chat4all/protocol'
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'
import type { EventSource, Following, FollowOptions, StreamEvent } from '../port.js'
import { RetryPause } from '../retry-pause.js'
import { faultKind, type KafkaOptions, kafkaOf } from './connection.js'
import { beginAtEnd, ensureTopic, forgetGroup, topicOf } from './topic.js'

const SESSION_MS_MAX = 10_000
const HEARTBEAT_MS = 2_000
const FETCH_WAIT_MS_MAX = 500
const EVENTS_AT_ONCE = 256

type OnEvents = (events: readonly StreamEvent[]) => Promise<void>

/** Reads the topic as consumer groups; a group's offset rises after its events were taken. */
export function kafkaEventSource(options: KafkaOptions): EventSource {
  const kafka = kafkaOf(options)
  const open = new Set<GroupMember>()
  return {
    async follow(group, onEvents, follow = {}) {
      const member = new GroupMember(kafka, options, group, onEvents)
      await member.start(follow)
      open.add(member)
      return {
        async stop() {
          open.delete(member)
          await member.stop()
        },
      }
    },
    async forget(group) {
      const admin = kafka.admin()
      try {
        await admin.connect()
        await forgetGroup(admin, group)
      } finally {
        await admin.disconnect().catch(() => {})
      }
    },
    async close() {
      await Promise.all([...open].map((member) => member.stop()))
      open.clear()
    },
  }
}

/** One consumer of a group; a consumer of kafkajs that ends for good is replaced. */
class GroupMember implements Following {
  private readonly kafka: Kafka
  private readonly options: KafkaOptions
  private readonly group: string
  private readonly onEvents: OnEvents
  private readonly pauses = new Set<RetryPause>()
  private consumer: Consumer | undefined
  private stopping = false

  constructor(kafka: Kafka, options: KafkaOptions, group: string, onEvents: OnEvents) {
    this.kafka = kafka
    this.options = options
    this.group = group
    this.onEvents = onEvents
  }

  async start({ startAt = 'oldest' }: FollowOptions): Promise<void> {
    const admin = this.kafka.admin()
    try {
      await admin.connect()
      await ensureTopic(admin, this.options)
      if (startAt === 'newest') await beginAtEnd(admin, topicOf(this.options), this.group)
    } finally {
      await admin.disconnect().catch(() => {})
    }
    await this.run()
  }

  private async run(): Promise<void> {
    const consumer = this.kafka.consumer({
      groupId: this.group,
      sessionTimeout: SESSION_MS_MAX,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS_MAX,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
    })
    this.consumer = consumer
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.options.onFault?.({ what: 'consume', kind: faultKind(payload.error), error: payload.error })
      if (!payload.restart) void this.again()
    })
    await consumer.connect()
    // Only where the group has no offset; one that began at the end has.
    await consumer.subscribe({ topic: topicOf(this.options), fromBeginning: true })
    await consumer.run({
      partitionsConsumedConcurrently: 4,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.batch(payload),
    })
  }

  /** kafkajs has given up: it begins anew here, as often as it takes. */
  private async again(): Promise<void> {
    const pause = this.newPause()
    await this.consumer?.disconnect().catch(() => {})
    while (!this.stopping) {
      await pause.wait()
      if (this.stopping) break
      try {
        await this.run()
        break
      } catch (error) {
        this.options.onFault?.({ what: 'consume', kind: faultKind(error), error: error as Error })
        await this.consumer?.disconnect().catch(() => {})
      }
    }
    this.pauses.delete(pause)
  }

  private async batch({ batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload): Promise<void> {
    const pause = this.newPause()
    // A session must not end because events take long. What the broker answers (a rebalance) is told when they are taken.
    let told: unknown
    const beat = () => heartbeat().catch((error: unknown) => (told ??= error))
    const heart = setInterval(beat, HEARTBEAT_MS)
    try {
      for (let at = 0; at < batch.messages.length; ) {
        if (told !== undefined) throw told
        if (this.stopping || !isRunning() || isStale()) return
        const portion = batch.messages.slice(at, at + EVENTS_AT_ONCE)
        if (await this.hand(portion)) {
          pause.reset()
          at += portion.length
          resolveOffset(portion.at(-1)!.offset)
          await heartbeat()
        } else await pause.wait()
      }
    } finally {
      clearInterval(heart)
      this.pauses.delete(pause)
    }
  }

  private async hand(messages: readonly KafkaMessage[]): Promise<boolean> {
    try {
      await this.onEvents(messages.flatMap((message) => this.eventOf(message)))
      return true
    } catch (error) {
      this.options.onFault?.({ what: 'handle', kind: 'rejected', error: error as Error })
      return false
    }
  }

  /** What is no record of a conversation was not published by us: it is told and passed over. */
  private eventOf({ value, offset }: KafkaMessage): StreamEvent[] {
    try {
      const head = recordHeadOf(value ?? new Uint8Array())
      if (head.type === 'follows') return []
      return [{ kind: head.type, app: head.app, conversation: head.conversation, record: head.record }]
    } catch (cause) {
      const error = new Error(`what stands at offset ${offset} is no record`, { cause })
      this.options.onFault?.({ what: 'consume', kind: 'refused', error })
      return []
    }
  }

  private newPause(): RetryPause {
    const pause = new RetryPause()
    this.pauses.add(pause)
    return pause
  }

  async stop(): Promise<void> {
    this.stopping = true
    for (const pause of this.pauses) pause.end()
    await this.consumer?.disconnect()
  }
}
