import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { before, test } from 'node:test'
import { Chat4AllError } from '@chat4all/protocol'
import { type RestFixture, restFixture } from '../testing/rest-fixture.js'

let fixture: RestFixture
let ana: string

before(async () => {
  fixture = await restFixture()
  ana = await fixture.token('ana')
})

async function group(): Promise<string> {
  const json = { type: 'group', members: ['bob'] }
  return (await fixture.call('POST', '/v1/conversations', { token: ana, json })).body.conversation_id
}

const message = (conversation_id: string, text = 'hello', message_id: string = randomUUID()) => ({
  message_id,
  conversation_id,
  payload: { type: 'text', text },
})
type Message = ReturnType<typeof message>

const post = (messages: readonly unknown[], token = ana, over = fixture) =>
  over.call('POST', '/v2/messages', { token, json: { messages } })

async function texts(conversation: string): Promise<string[]> {
  const { body } = await fixture.call('GET', `/v1/conversations/${conversation}/messages?since=0`, { token: ana })
  return body.messages.map(({ payload }: Message) => payload.text)
}

test('a batch is stored in its order, and each message is told its seq', async () => {
  const [one, other] = [await group(), await group()]
  const messages = [message(one, 'a'), message(other, 'x'), message(one, 'b'), message(one, 'c')]
  const { status, body } = await post(messages)
  assert.equal(status, 200)
  assert.deepEqual(
    body.results.map(({ outcome, message_id, conversation_id, seq }: never) => [
      outcome,
      message_id,
      conversation_id,
      seq,
    ]),
    messages.map(({ message_id, conversation_id }, i) => ['stored', message_id, conversation_id, [1, 1, 2, 3][i]]),
  )
  assert.deepEqual([await texts(one), await texts(other)], [['a', 'b', 'c'], ['x']])
})

test('the same batch again, also through v1, changes nothing and gets the same answer', async () => {
  const id = await group()
  const messages = [message(id, 'a'), message(id, 'b')]
  const first = await post(messages)
  assert.deepEqual((await post(messages)).body, first.body)
  const single = await fixture.call('POST', '/v1/messages', { token: ana, json: messages[1] })
  assert.deepEqual([single.status, single.body.seq], [202, 2])
  assert.deepEqual(await texts(id), ['a', 'b'])
})

test('what is refused for good does not stop the others; the status says that not all are stored', async () => {
  const id = await group()
  const known = message(id, 'a')
  await post([known])
  const { status, body } = await post([
    { ...known, payload: { type: 'text', text: 'z' } },
    message(id, 'b'),
    message('g_no'),
  ])
  assert.equal(status, 207)
  assert.deepEqual(
    body.results.map(({ outcome, code, retry }: never) => [outcome, code, retry]),
    [
      ['refused', 'CONFLICT', 'never'],
      ['stored', undefined, undefined],
      ['refused', 'NOT_FOUND', 'never'],
    ],
  )
  assert.deepEqual(await texts(id), ['a', 'b'])
})

test('behind one that is to be sent again nothing of its conversation overtakes it; others go on', async () => {
  const [one, other] = [await group(), await group()]
  const messages = [message(one, 'a'), message(other, 'x'), message(one, 'b')]
  fixture.requests.failNext(new Chat4AllError('BUSY', undefined, 700))
  const { status, body } = await post(messages)
  assert.equal(status, 207)
  assert.deepEqual(
    body.results.map(({ outcome, code, retry, retry_after }: never) => [outcome, code, retry, retry_after]),
    [
      ['refused', 'BUSY', 'after', 700],
      ['stored', undefined, undefined, undefined],
      ['not_tried', undefined, undefined, undefined],
    ],
  )
  assert.equal((await post(messages)).status, 200)
  assert.deepEqual([await texts(one), await texts(other)], [['a', 'b'], ['x']])
})

test('a bug at one message is a fault of the request, which is safe to send again', async () => {
  const id = await group()
  fixture.requests.failNext(new TypeError('a bug'))
  assert.equal((await post([message(id)])).body.code, 'INTERNAL')
})

test('none, and more than a hundred, are refused', async () => {
  const id = await group()
  for (const messages of [[], Array.from({ length: 101 }, () => message(id))]) {
    assert.equal((await post(messages)).body.code, 'INVALID')
  }
  assert.equal((await post(Array.from({ length: 100 }, () => message(id)))).status, 200)
})

test('a batch counts for as many requests as it has messages', async () => {
  const limited = await restFixture({ limits: { userRequestsPerSecond: 5 } })
  const token = await limited.token('ana')
  const ask = (count: number) =>
    post(
      Array.from({ length: count }, () => message('g_unknown')),
      token,
      limited,
    )
  const { headers } = await ask(7)
  assert.equal(headers.get('ratelimit'), '"user";r=3;t=2')
  assert.deepEqual([(await ask(4)).status, (await ask(1)).status], [429, 207])
})
