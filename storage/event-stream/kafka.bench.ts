import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { AppId, ConversationId } from '@chat4all/protocol'
import { kafkaEventSource, kafkaEventStream } from './kafka.js'
import type { StreamEvent } from './port.js'

/**
 * What publishing to Kafka and following it costs this process. A Kafka has to be there; its own CPU is not counted.
 * Run alone: `CHAT4ALL_TEST_KAFKA=127.0.0.1:9092 node storage/dist/event-stream/kafka.bench.js`.
 */
export interface KafkaFigures {
  readonly recordsPerPublish: number
  readonly publishedPerSecond: number
  readonly publishCpuMicrosPerRecord: number
  readonly publishP50Ms: number
  readonly followedPerSecond: number
  readonly followCpuMicrosPerRecord: number
}

const RECORD_BYTES = 250
const CONVERSATIONS = 500

export async function measureKafka(
  brokers: string,
  recordsPerPublish: number,
  publishes: number,
): Promise<KafkaFigures> {
  const options = { brokers: brokers.split(','), clientId: 'bench', topic: `bench-${randomUUID()}`, partitions: 8 }
  const stream = kafkaEventStream(options)
  await stream.publish([record(0)])
  const total = recordsPerPublish * publishes
  const latencies: number[] = []
  const published = await measured(async () => {
    for (let at = 0; at < publishes; at++) {
      const batch = Array.from({ length: recordsPerPublish }, (_, index) => record(at * recordsPerPublish + index))
      const begun = performance.now()
      await stream.publish(batch)
      latencies.push(performance.now() - begun)
    }
  })
  await stream.close()
  const source = kafkaEventSource(options)
  const followed = await measured(async () => {
    let seen = 0
    await new Promise<void>((resolve, reject) => {
      const count = async (events: readonly StreamEvent[]) => {
        seen += events.length
        if (seen > total) resolve()
      }
      source.follow(randomUUID(), count).catch(reject)
    })
  })
  await source.close()
  return {
    recordsPerPublish,
    publishedPerSecond: Math.round(total / published.seconds),
    publishCpuMicrosPerRecord: published.cpuMicros / total,
    publishP50Ms: latencies.sort((a, b) => a - b)[latencies.length >> 1]!,
    followedPerSecond: Math.round(total / followed.seconds),
    followCpuMicrosPerRecord: followed.cpuMicros / total,
  }
}

async function measured(run: () => Promise<void>): Promise<{ readonly seconds: number; readonly cpuMicros: number }> {
  const begun = performance.now()
  const cpu = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - begun) / 1000, cpuMicros: user + system }
}

function record(number: number): StreamEvent {
  const conversation = `g-${number % CONVERSATIONS}`.padEnd(18, '0') as ConversationId
  const bytes = Buffer.alloc(RECORD_BYTES)
  // [1 (messages), conversation, app, …]: what a consumer reads of its head.
  bytes.set([0x94, 1, 0xa0 | conversation.length])
  bytes.write(conversation, 3)
  const at = 3 + conversation.length
  bytes.set([0xa4], at)
  bytes.write('demo', at + 1)
  const length = RECORD_BYTES - at - 7
  bytes.set([0xc4, length], at + 5)
  return { kind: 'messages', app: 'demo' as AppId, conversation, record: bytes }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const brokers = process.env.CHAT4ALL_TEST_KAFKA ?? '127.0.0.1:9092'
  for (const [recordsPerPublish, publishes] of [
    [1, 500],
    [20, 500],
    [200, 300],
    [2_000, 60],
  ] as const) {
    process.stdout.write(`${JSON.stringify(await measureKafka(brokers, recordsPerPublish, publishes))}\n`)
  }
}
