import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import type { AppId, ConversationId } from '@chat4all/protocol'
import { testEngine } from '@chat4all/protocol/testing'
import { Kafka, logLevel } from 'kafkajs'
import { eventStreamContract, type OpenEventStream } from './contract.js'
import { measureKafka } from './kafka.bench.js'
import { type KafkaFault, type KafkaOptions, kafkaEventSource, kafkaEventStream } from './kafka.js'
import type { StreamEvent } from './port.js'

const brokers = [testEngine('CHAT4ALL_TEST_KAFKA')]
const topics: string[] = []
const admin = new Kafka({ brokers, clientId: 'test', logLevel: logLevel.NOTHING }).admin()
after(async () => {
  await admin.connect()
  await admin.deleteTopics({ topics }).catch(() => {})
  await admin.disconnect()
})

function ofItsOwn(more: Partial<KafkaOptions> = {}): KafkaOptions {
  const topic = `messages-${randomUUID()}`
  topics.push(topic)
  return { brokers, clientId: 'test', topic, partitions: 4, ...more }
}

class OpenKafka implements OpenEventStream {
  readonly options: KafkaOptions
  readonly source
  private readonly stream

  constructor(options: KafkaOptions) {
    this.options = options
    this.source = kafkaEventSource(options)
    this.stream = kafkaEventStream(options)
  }

  publish(events: readonly StreamEvent[]): Promise<void> {
    return this.stream.publish(events)
  }

  async close(): Promise<void> {
    await this.source.close()
    await this.stream.close()
  }
}

eventStreamContract(
  'Kafka',
  async () => new OpenKafka(ofItsOwn()),
  async (stream) => {
    await stream.close()
    return new OpenKafka((stream as OpenKafka).options)
  },
)

const event = (record = new Uint8Array([0x93, 1, 0xa2, 99, 49, 0xa4, 100, 101, 109, 111])): StreamEvent => ({
  kind: 'messages',
  app: 'demo' as AppId,
  conversation: 'c1' as ConversationId,
  record,
})

test('a second publish while one is under way is a mistake of the caller, told at once', async () => {
  const stream = kafkaEventStream(ofItsOwn())
  const first = stream.publish([event()])
  await assert.rejects(stream.publish([event()]), /under way/)
  await first
  await stream.close()
})

test('a broker that cannot be reached rejects, and does not hang; what failed is told as a broker that is away', async () => {
  const faults: KafkaFault[] = []
  const lost = kafkaEventStream({
    brokers: ['127.0.0.1:1'],
    clientId: 'test',
    onFault: (fault) => void faults.push(fault),
  })
  await assert.rejects(lost.publish([event()]))
  await lost.close()
  assert.deepEqual(
    faults.map(({ what, kind }) => ({ what, kind })),
    [{ what: 'publish', kind: 'away' }],
  )
})

test('a record that the topic of an operator refuses is told as refused', async () => {
  const faults: KafkaFault[] = []
  const options = ofItsOwn({ onFault: (fault) => void faults.push(fault) })
  await admin.connect()
  const configEntries = [{ name: 'max.message.bytes', value: '1000' }]
  await admin.createTopics({ topics: [{ topic: options.topic!, numPartitions: 1, configEntries }] })
  const stream = kafkaEventStream(options)
  await assert.rejects(stream.publish([event(new Uint8Array(10_000))]))
  await stream.close()
  assert.deepEqual(
    faults.map(({ what, kind }) => ({ what, kind })),
    [{ what: 'publish', kind: 'refused' }],
  )
})

test('the largest record that a log can hold fits, and what is no record at all is passed over', async () => {
  const faults: KafkaFault[] = []
  const options = ofItsOwn({ partitions: 1, onFault: (fault) => void faults.push(fault) })
  const stream = kafkaEventStream(options)
  await stream.publish([event(Uint8Array.of(1, 2, 3))])
  const large = new Uint8Array(16 * 1024 * 1024)
  large.set([0x94, 1, 0xa2, 99, 49, 0xa4, 100, 101, 109, 111, 0xc6, 0, 0xff, 0xff, 0xf0])
  await stream.publish([event(large.subarray(0, 15 + 0xff_fff0))])
  const source = kafkaEventSource(options)
  const taken = await new Promise<StreamEvent>((resolve) => {
    void source.follow(randomUUID(), async ([first]) => {
      if (first !== undefined) resolve(first)
    })
  })
  assert.equal(taken.record.length, 15 + 0xff_fff0)
  assert.deepEqual(
    faults.map(({ what, kind }) => ({ what, kind })),
    [{ what: 'consume', kind: 'refused' }],
  )
  await source.close()
  await stream.close()
})

test('the bench of Kafka runs', async () => {
  const figures = await measureKafka(brokers[0]!, 10, 3)
  assert.ok(figures.publishedPerSecond > 0 && figures.followedPerSecond > 0)
})
