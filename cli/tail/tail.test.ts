import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client, HistoryPage, HistoryQuery, Message } from '@chat4all/sdk/node'
import { type TailOutput, type TailStart, tail } from './tail.js'

const message = (seq: number, conversation = 'c') => ({ conversation, seq }) as unknown as Message

/** A client with `stored` messages in conversation `c`, on which a test tells others. */
function fakeClient(stored: number, duringHistory: () => void = () => {}) {
  const listeners: ((message: Message) => void)[] = []
  const fake = {
    on: (type: string, listener: (message: Message) => void) => type === 'message' && listeners.push(listener),
    history: async (_: string, { since, limit = 50 }: HistoryQuery) => {
      duringHistory()
      const after = since ?? Math.max(0, stored - limit)
      const upto = Math.min(stored, after + limit)
      const messages = Array.from({ length: upto - after }, (_, i) => message(after + 1 + i))
      return { messages, after, upto, first: 1, head: stored } as unknown as HistoryPage
    },
  }
  const tell = (seq: number, conversation?: string) => {
    for (const listener of listeners) listener(message(seq, conversation))
  }
  return { client: fake as unknown as Client, tell }
}

async function shown(
  { client, tell }: ReturnType<typeof fakeClient>,
  conversation: string | undefined,
  start: TailStart,
  then: (tell: (seq: number, conversation?: string) => void) => void = () => {},
): Promise<string[]> {
  const lines: string[] = []
  const output = { message: ({ conversation: id, seq }: Message) => lines.push(`${id}${seq}`) }
  await tail(client, conversation, start, output as unknown as TailOutput)
  then(tell)
  return lines
}

test('it begins with the last messages, or behind a seq, however many pages that takes', async () => {
  assert.deepEqual(await shown(fakeClient(5), 'c', { lines: 2 }), ['c4', 'c5'])
  assert.deepEqual(await shown(fakeClient(5), 'c', { lines: 0 }), [])
  assert.deepEqual(await shown(fakeClient(5), 'c', { lines: 2, since: 3 }), ['c4', 'c5'])
  assert.equal((await shown(fakeClient(1201), 'c', { lines: 2, since: 0 })).length, 1201)
})

test('what is told while history is read, or again afterwards, is shown once and in its place', async () => {
  const fake = fakeClient(2, () => {
    fake.tell(2)
    fake.tell(3)
  })
  const lines = await shown(fake, 'c', { lines: 10 }, (tell) => {
    tell(1)
    tell(4)
    tell(1, 'other')
  })
  assert.deepEqual(lines, ['c1', 'c2', 'c3', 'c4'])
})

test('without a conversation, all are followed, each with its own numbers', async () => {
  const lines = await shown(fakeClient(9), undefined, { lines: 10 }, (tell) => {
    tell(7, 'a')
    tell(2, 'b')
    tell(8, 'a')
  })
  assert.deepEqual(lines, ['a7', 'b2', 'a8'])
})
