import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { type AppId, type ConversationId, logRecord, Reader, type Seq, Writer } from '@chat4all/protocol'
import { kafkaEventSource, kafkaEventStream } from './kafka.js'
import type { StreamEvent } from './port.js'

const options = {
  brokers: [process.env.CHAT4ALL_TEST_KAFKA ?? '127.0.0.1:9092'],
  clientId: 'test',
  topic: `messages-${randomUUID()}`,
  partitions: 4,
}
const stream = kafkaEventStream(options)
const source = kafkaEventSource(options)
after(async () => {
  await source.close()
  await stream.close()
})

function event(name: string, number: number): StreamEvent {
  const [app, conversation, kind] = ['demo' as AppId, name as ConversationId, 'messages'] as const
  const writer = new Writer()
  const messages = Buffer.from(`${name} ${number}`)
  logRecord.write(writer, { type: kind, app, conversation, first: 1 as Seq, count: 1, messages })
  return { kind, app, conversation, record: writer.take() }
}

function textOf({ record }: StreamEvent): string {
  const read = logRecord.read(new Reader(record))
  return read.type === 'messages' ? Buffer.from(read.messages).toString() : read.type
}

test('every event comes at least once, in order within its conversation, also to a group that comes later', async () => {
  const conversations = ['c1', 'c2', 'c3', 'c4', 'c5']
  const published: StreamEvent[] = []
  for (let number = 0; number < 200; number++)
    for (const conversation of conversations) published.push(event(conversation, number))
  for (let at = 0; at < published.length; at += 250) await stream.publish(published.slice(at, at + 250))

  const seen = new Map<string, string[]>()
  let count = 0
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`saw ${count} of ${published.length} within 30 s`)), 30_000)
    source
      .follow(`group-${randomUUID()}`, async (events) => {
        for (const event of events) {
          const of = seen.get(event.conversation) ?? []
          of.push(textOf(event))
          seen.set(event.conversation, of)
          count++
        }
        if (count < published.length) return
        clearTimeout(timer)
        resolve()
      })
      .catch(reject)
  })
  for (const conversation of conversations) {
    assert.deepEqual(
      seen.get(conversation),
      Array.from({ length: 200 }, (_, number) => `${conversation} ${number}`),
    )
  }
})

test('a second publish while one is under way is a mistake of the caller, told at once', async () => {
  const first = stream.publish([event('c1', 1)])
  await assert.rejects(stream.publish([event('c1', 2)]), /under way/)
  await first
})

test('a broker that cannot be reached rejects, and does not hang', async () => {
  const lost = kafkaEventStream({ brokers: ['127.0.0.1:1'], clientId: 'test' })
  await assert.rejects(lost.publish([event('c1', 1)]))
  await lost.close()
})
