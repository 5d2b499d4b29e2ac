import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { AppId, ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'
import fc from 'fast-check'
import { testKeyspace } from '../../cassandra/test-keyspace.js'
import { cassandraMessageView } from '../cassandra.js'
import type { ConversationChange, MessageBatch, MessageView } from '../port.js'

const keyspace = await testKeyspace('view_histories')
after(() => keyspace.close())

const app = 'app' as AppId
let chats = 0
const newChat = () => `chat-${++chats}` as ConversationId

test('writes that come twice, late, in any order and cut anyhow leave what the history says', async () => {
  const cut = fc.record({ first: fc.integer({ min: 1, max: 300 }), count: fc.integer({ min: 1, max: 150 }) })
  const view = cassandraMessageView(keyspace.client)
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 12 }), fc.nat(), async (cuts, head) => {
      const conversation = newChat()
      const last = 300 + (head % 50)
      const changes: ConversationChange[] = [
        ...cuts.map(({ first, count }) => messages(conversation, first, Math.min(last, first + count - 1))),
        // The history itself, in pieces: whatever came before or comes with it.
        ...[0, 1, 2, 3, 4, 5, 6].map((n) => messages(conversation, n * 50 + 1, Math.min(last, n * 50 + 50))),
      ].filter(({ messages: batch }) => batch!.lengths.length > 0)
      await Promise.all(changes.map((change) => view.apply([change])))
      assert.deepEqual(await seqs(view, conversation), numbers(1, last))
      const middle = await view.messages(conversation, { ...whole, after: 99 as Seq, before: 180 as Seq })
      assert.deepEqual(middle.map(text), numbers(100, 179).map(bodyOf))
      for (const seq of [1, 64, 65, last]) assert.equal(await view.find(conversation, idOf(conversation, seq)), seq)
    }),
    { numRuns: 15 },
  )
})

test('a conversation longer than a bucket is read across it, from either side, and its ids are found', async () => {
  const conversation = newChat()
  const view = cassandraMessageView(keyspace.client)
  await view.apply([created(conversation)])
  for (let first = 1; first <= 5_000; first += 500) await view.apply([messages(conversation, first, first + 499)])
  assert.equal((await view.load(conversation))?.head, 5_000)
  const page = async (after: number, before: number, newestFirst: boolean, limit = 500) =>
    (
      await view.messages(conversation, {
        after: after as Seq,
        before: before as Seq,
        limit,
        newestFirst,
        now: 0 as Millis,
      })
    ).map(({ seq }) => seq)
  assert.deepEqual(await page(1_900, 5_001, false), numbers(1_901, 2_400))
  assert.deepEqual(await page(0, 2_200, true), numbers(1_700, 2_199))
  assert.deepEqual(await page(0, Number.MAX_SAFE_INTEGER, true, 1), [5_000])
  assert.deepEqual(await page(2_040, 4_110, false, 5_000), numbers(2_041, 4_109))
  assert.deepEqual(await page(4_990, Number.MAX_SAFE_INTEGER, false), numbers(4_991, 5_000))
  assert.equal(await view.find(conversation, idOf(conversation, 4_321)), 4_321)
})

test('Cassandra drops what has expired, and reads learn where the conversation begins', async () => {
  const conversation = newChat()
  const view = cassandraMessageView(keyspace.client, { expiredKeptSeconds: 0 })
  // Far enough for a slow machine to read them before.
  const soon = Date.now() + 6_000
  await view.apply([created(conversation), messages(conversation, 1, 100, soon), messages(conversation, 101, 110)])
  assert.equal((await view.load(conversation))?.first, 1)
  assert.deepEqual(await seqs(view, conversation), numbers(1, 110))
  const stored = async () => {
    const found = await keyspace.client.execute(
      'SELECT first_seq FROM messages WHERE conversation = ? AND bucket = 0',
      [conversation],
      { prepare: true },
    )
    return found.rows.length
  }
  for (const until = Date.now() + 60_000; (await stored()) > 1 && Date.now() < until; ) await pause(200)
  assert.equal(await stored(), 1)
  assert.deepEqual(await seqs(view, conversation, Date.now()), numbers(101, 110))
  for (const until = Date.now() + 60_000; (await view.load(conversation))?.first === 1 && Date.now() < until; )
    await pause(50)
  assert.equal((await view.load(conversation))?.first, 101)
  assert.equal((await view.load(conversation))?.head, 110)
  assert.equal(await view.find(conversation, idOf(conversation, 5)), 5)
})

test('a conversation of which much has expired is passed at once, and nothing that may live by another clock is', async () => {
  const conversation = newChat()
  const view = cassandraMessageView(keyspace.client, { now: () => 1_000_000, expiredKeptSeconds: 60 })
  await view.apply([created(conversation), messages(conversation, 1, 4_000, 1_000_000)])
  await view.apply([messages(conversation, 4_001, 4_010, 1_030_000), messages(conversation, 4_011, 4_012)])
  const at = async (now: number) => seqs(view, conversation, now)
  assert.deepEqual(await at(999_999), numbers(1, 4_012))
  assert.deepEqual(await at(1_040_000), [4_011, 4_012])
  assert.equal((await view.load(conversation))?.first, 1)
  assert.deepEqual(await at(1_060_000), [4_011, 4_012])
  for (const until = Date.now() + 60_000; (await view.load(conversation))?.first === 1 && Date.now() < until; )
    await pause(50)
  assert.equal((await view.load(conversation))?.first, 4_001)
})

const whole = { after: 0 as Seq, before: 100_000 as Seq, limit: 100_000, newestFirst: false, now: 0 as Millis }
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const bodyOf = (seq: number) => `message ${seq}`
const text = ({ bytes }: { readonly bytes: Uint8Array }) => Buffer.from(bytes).toString()
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function seqs(view: MessageView, conversation: ConversationId, now = 0): Promise<number[]> {
  const found = await view.messages(conversation, { ...whole, now: now as Millis })
  return found.map(({ seq }) => seq)
}

function idOf(conversation: ConversationId, seq: number): Uint8Array {
  const id = Buffer.alloc(16)
  id.write(conversation)
  id.writeUInt32BE(seq, 12)
  return id
}

function created(conversation: ConversationId): ConversationChange {
  const data = { app, type: 'group' as const, created: 1 as Millis, metadata: undefined, ttl: undefined }
  const ana = { user: 'ana' as UserId, role: 'admin' as const, present: true, version: 0 as Seq }
  return { app, conversation, data, members: [ana] }
}

function messages(conversation: ConversationId, first: number, last: number, expires?: number) {
  const bodies = numbers(first, last).map((seq) => Buffer.from(bodyOf(seq)))
  const batch: MessageBatch = {
    firstSeq: first as Seq,
    lastSeq: last as Seq,
    bytes: Buffer.concat(bodies),
    lengths: bodies.map(({ length }) => length),
    messageIds: Buffer.concat(numbers(first, last).map((seq) => idOf(conversation, seq))),
    ...(expires !== undefined && { expires: bodies.map(() => expires as Millis) }),
  }
  return { app, conversation, messages: batch }
}
