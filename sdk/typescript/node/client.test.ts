import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ERRORS, messageIdFromBytes } from '@chat4all/protocol'
import { conversation, deliver, info, ScriptedServer, stored } from '../testing/scripted-server.js'
import { type Client, type ClientEvents, type ClientOptions, fileStorage, nodeClient } from './index.js'

async function setUp(t: TestContext, options: Partial<ClientOptions> = {}) {
  const server = await ScriptedServer.start()
  const client = nodeClient({ url: server.url, token: 'token', random: () => 0, ...options })
  t.after(async () => {
    await client.close()
    server.stop()
  })
  return { server, client }
}

/** A session that is ready, with one conversation `c`. */
async function connected(t: TestContext, options: Partial<ClientOptions> = {}, over: object = {}) {
  const { server, client } = await setUp(t, options)
  const ready = client.connect()
  const session = await server.session()
  await session.welcome({}, conversation(over))
  await ready
  return { server, client, session }
}

function next<Type extends keyof ClientEvents>(client: Client, type: Type): Promise<ClientEvents[Type]> {
  return new Promise((resolve) => {
    const off = client.on(type, (event) => {
      off()
      resolve(event)
    })
  })
}

function collect<Type extends keyof ClientEvents>(client: Client, type: Type): ClientEvents[Type][] {
  const events: ClientEvents[Type][] = []
  client.on(type, (event) => events.push(event))
  return events
}

test('a client says who it is, and is connected when the server is ready', async (t) => {
  const { server, client } = await setUp(t, { device: 'phone', agent: 'test/1' })
  const states = collect(client, 'state')
  const ready = client.connect()
  const session = await server.session()
  const hello = await session.welcome({}, conversation())
  await ready
  assert.deepEqual([hello.token, hello.device, hello.agent, hello.cursors], ['token', 'phone', 'test/1', []])
  assert.deepEqual(
    states.map(({ status }) => status),
    ['connecting', 'online'],
  )
  assert.equal(client.user, 'ann')
  assert.equal(client.conversation('c')?.peer, 'bob')
})

test('a message written offline is sent when there is a connection, and acknowledged under its message_id', async (t) => {
  const { server, client } = await setUp(t)
  const sending = client.send('c', 'hello')
  assert.equal(sending.status, 'queued')
  assert.deepEqual(sending.payload, { type: 'text', text: 'hello' })
  void client.connect()
  const session = await server.session()
  await session.welcome({}, conversation())
  const frame = await session.next('send')
  assert.deepEqual([frame.cseq, messageIdFromBytes(frame.message_id)], [1, sending.messageId])
  assert.equal(sending.status, 'sending')
  assert.equal(client.messageStatus('c', sending.messageId)?.state, 'sending')
  session.tell({ t: 'sent', cseq: 1, message_id: frame.message_id, seq: 7, time: 5 })
  assert.deepEqual(await sending.result, { seq: 7, time: 5 })
  assert.equal(sending.status, 'sent')
  session.tell({ t: 'receipts', conversation: 'c', user: 'bob', delivered: 7, read: 0, time: 6 })
  await next(client, 'receipts')
  assert.equal(client.messageStatus('c', sending.messageId)?.state, 'delivered')
  assert.deepEqual(client.pending(), [])
})

test('after a cut the client resumes from its cursor and sends again what was not acknowledged, under its message_id', async (t) => {
  const { server, client, session } = await connected(t)
  const messages = collect(client, 'message')
  session.tell(deliver(0, 'bob', 'one', 'two'))
  await next(client, 'message')
  client.send('c', 'mine 1')
  client.send('c', 'mine 2')
  const first = await session.next('send')
  session.cut()

  const second = await server.session()
  const hello = await second.welcome({}, conversation({ head: 3 }), deliver(1, 'bob', 'two', 'three'))
  assert.deepEqual(hello.cursors, [{ conversation: 'c', seq: 2 }])
  assert.equal(hello.device, 'd1')
  const again = await second.next('send')
  assert.deepEqual([again.cseq, again.message_id], [1, first.message_id])
  assert.equal((await second.next('send')).cseq, 2)
  assert.deepEqual(
    messages.map(({ seq, payload }) => [seq, payload.type === 'text' && payload.text]),
    [
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
    ],
  )
})

test('an own message that comes back with what was missed is taken as acknowledged, and not sent again', async (t) => {
  const { server, client, session } = await connected(t)
  const sending = client.send('c', 'mine')
  const { message_id } = await session.next('send')
  session.cut()
  const second = await server.session()
  await second.next('hello')
  const rest = { version: 1, session: 's', device: 'd1', time: 1, heartbeat: 60_000, frame_bytes_max: 65_536 }
  const own = { ...deliver(0, 'ann', 'mine'), messages: [{ ...stored(1, 'ann', 'mine'), message_id }] }
  second.tell({ t: 'welcome', user: 'ann', ...rest }, conversation({ head: 1 }), own, { t: 'ready', conversations: 1 })
  assert.equal((await sending.result).seq, 1)
  const other = client.send('c', 'another')
  assert.equal(messageIdFromBytes((await second.next('send')).message_id), other.messageId)
})

test('busy: after the wait the same frames follow again, in order, under the same numbers', async (t) => {
  const { client, session } = await connected(t)
  for (const text of ['one', 'two', 'three']) client.send('c', text)
  for (let i = 0; i < 3; i++) await session.next('send')
  const startedAt = Date.now()
  session.tell({ t: 'busy', cseq: 2, code: ERRORS.BUSY.wire, retry_after: 60 })
  assert.deepEqual([(await session.next('send')).cseq, (await session.next('send')).cseq], [2, 3])
  assert.ok(Date.now() - startedAt >= 55)
})

test('a refusal for good fails only its own message', async (t) => {
  const { client, session } = await connected(t)
  const bad = client.send('c', 'bad')
  const good = client.send('c', 'good')
  const failed = next(client, 'failed')
  await session.next('send')
  const { message_id } = await session.next('send')
  session.tell({ t: 'error', code: ERRORS.CONFLICT.wire, detail: 'no', cseq: 1 })
  session.tell({ t: 'sent', cseq: 2, message_id, seq: 1, time: 1 })
  await assert.rejects(bad.result, { code: 'CONFLICT', detail: 'no' })
  assert.equal((await failed).messageId, bad.messageId)
  assert.equal(bad.status, 'failed')
  assert.equal((await good.result).seq, 1)
})

test('what does not make sense is refused where it is written', async (t) => {
  const { client } = await setUp(t, { outboxMessagesMax: 1 })
  assert.throws(() => client.send('no such id!', 'x'), { code: 'INVALID' })
  assert.throws(() => client.send('c', 'x'.repeat(20_000)), { code: 'INVALID' })
  assert.throws(() => client.send('c', 'x', { ttl: -1 }), { code: 'INVALID' })
  assert.throws(() => client.send('c', 'x', { messageId: 'abc' }), { code: 'INVALID' })
  assert.throws(() => client.send('c', { type: 'custom', data: new Date() }), { code: 'INVALID' })
  client.send('c', 'fits')
  assert.throws(() => client.send('c', 'no room'), { code: 'BUSY' })
})

test('many messages of one moment travel together, in WebSocket messages no larger than the server takes', async (t) => {
  const { client, session } = await connected(t)
  for (let i = 0; i < 200; i++) client.send('c', 'x'.repeat(1000))
  for (let i = 0; i < 200; i++) await session.next('send')
  const [, ...sizes] = session.messageBytes
  assert.ok(sizes.length < 10, `${sizes.length} messages`)
  assert.ok(Math.max(...sizes) <= 65_536)
})

test('a refused token is exchanged once; when the new one is refused too, the client stops and says why', async (t) => {
  const refused: (string | undefined)[] = []
  const { server, client } = await setUp(t, {
    token: (old) => {
      refused.push(old)
      return `token ${refused.length}`
    },
  })
  const ready = client.connect()
  for (const token of ['token 1', 'token 2']) {
    const session = await server.session()
    assert.equal((await session.next('hello')).token, token)
    session.tell({ t: 'error', code: ERRORS.TOKEN_EXPIRED.wire, detail: 'too old' })
    session.close(4506)
  }
  await assert.rejects(ready, { code: 'TOKEN_EXPIRED', detail: 'too old' })
  assert.deepEqual(refused, [undefined, 'token 1'])
  assert.deepEqual(client.state.status, 'offline')
  assert.equal((client.state as { nextAttemptAt?: number }).nextAttemptAt, undefined)
})

test('close codes say whether to come back', async (t) => {
  const { server, client } = await setUp(t)
  const ready = client.connect()
  ;(await server.session()).close(4002, 'slow')
  ;(await server.session()).close(4503)
  await assert.rejects(ready, { code: 'UNSUPPORTED_VERSION' })
  assert.equal(server.unexpected, 0)
})

test('a server that goes away is left when its answers have come, and another is tried after the delay', async (t) => {
  const elsewhere = await ScriptedServer.start()
  t.after(() => elsewhere.stop())
  const server = await ScriptedServer.start()
  const client = nodeClient({ url: [server.url, elsewhere.url], token: 'token', random: () => 0 })
  t.after(async () => {
    await client.close()
    server.stop()
  })
  void client.connect()
  const session = await server.session()
  await session.welcome({}, conversation())
  const sending = client.send('c', 'x')
  const { message_id } = await session.next('send')
  const startedAt = Date.now()
  session.tell({ t: 'reconnect', delay: 200 })
  session.tell({ t: 'sent', cseq: 1, message_id, seq: 1, time: 1 })
  await sending.result
  const held = client.send('c', 'held')
  session.close(4003)
  const second = await elsewhere.session()
  assert.ok(Date.now() - startedAt >= 195)
  await second.welcome({}, conversation({ head: 1 }))
  assert.equal(messageIdFromBytes((await second.next('send')).message_id), held.messageId)
})

test('a connection that died in silence is noticed, and replaced', async (t) => {
  const { server, client } = await setUp(t)
  void client.connect()
  const session = await server.session()
  await session.welcome({ heartbeat: 100 }, conversation())
  await session.next('ping')
  const second = await server.session()
  await second.next('hello')
})

test('a gap in what is delivered is filled from history, and told in order', async (t) => {
  const { client, session } = await connected(t)
  const messages = collect(client, 'message')
  session.tell(deliver(0, 'bob', 'one'), deliver(2, 'bob', 'three'))
  const ask = await session.next('history')
  assert.deepEqual([ask.since, ask.limit], [1, 1])
  const { messages: missing } = deliver(1, 'bob', 'two')
  session.tell({ t: 'page', ask: ask.ask, conversation: 'c', after: 1, upto: 2, first: 1, head: 3, messages: missing })
  await next(client, 'conversation')
  assert.deepEqual(
    messages.map(({ seq }) => seq),
    [1, 2, 3],
  )
})

test('what has expired before it was seen is a gap that the application is told of', async (t) => {
  const { server, client, session } = await connected(t)
  session.cut()
  const gap = next(client, 'gap')
  const message = next(client, 'message')
  const second = await server.session()
  const resumed = { t: 'resumed', conversation: 'c', recovered: false, after: 4, first: 5, upto: 5 }
  await second.welcome({}, conversation({ head: 5, first: 5 }), resumed, deliver(4, 'bob', 'five'))
  assert.deepEqual(await gap, { conversation: 'c', after: 0, first: 5 })
  assert.equal((await message).seq, 5)
})

test('messages are confirmed as delivered by themselves, and as read when the application says so', async (t) => {
  const { client, session } = await connected(t)
  session.tell(deliver(0, 'bob', 'one', 'two'))
  const delivered = await session.next('receipt')
  assert.deepEqual([delivered.delivered, delivered.read], [2, 0])
  assert.equal(client.conversation('c')?.unread, 2)
  client.markRead('c')
  const read = await session.next('receipt')
  assert.deepEqual([read.delivered, read.read], [2, 2])
  assert.equal(client.conversation('c')?.unread, 0)
})

test('a conversation is created and shown; its history is read page by page', async (t) => {
  const { client, session } = await connected(t)
  const creating = client.createGroup(['bob'], { metadata: { title: 'x' } })
  const create = await session.next('create')
  assert.deepEqual([create.type, create.members, { ...create.metadata }], ['group', ['bob'], { title: 'x' }])
  session.tell({ t: 'created', cseq: create.cseq, info: info({ conversation: 'g', type: 'group', head: 1 }) })
  assert.equal((await creating).id, 'g')
  assert.equal(client.conversations().length, 2)

  const reading = client.history('g', { before: 2, limit: 10 })
  const { ask, before, since, limit } = await session.next('history')
  assert.deepEqual([before, since, limit], [2, undefined, 10])
  const messages = [stored(1, 'bob', 'x')]
  session.tell({ t: 'page', ask, conversation: 'g', after: 0, upto: 1, first: 1, head: 1, messages })
  const page = await reading
  assert.deepEqual([page.messages[0]?.from, page.first, page.head], ['bob', 1, 1])
})

test('a role goes to the server as a change of members, and comes back as one', async (t) => {
  const { client, session } = await connected(t, {}, { type: 'group' })
  const changing = client.setRole('c', 'bob', 'admin')
  const { cseq, add, remove, promote, demote, message_id } = await session.next('members')
  assert.deepEqual({ add, remove, promote, demote }, { add: ['bob'], remove: [], promote: ['bob'], demote: undefined })
  session.tell({ t: 'sent', cseq, message_id, seq: 1, time: 5 })
  assert.deepEqual(await changing, { seq: 1, time: 5 })
  const payload = { type: 'membership', added: [], removed: [], promoted: ['bob'] }
  const told = next(client, 'message')
  session.tell({ ...deliver(0, 'ann', ''), messages: [{ ...stored(1, 'ann', ''), payload }] })
  await told
  assert.equal(client.conversation('c')?.members?.find(({ user }) => user === 'bob')?.role, 'admin')

  void client.setRole('c', 'bob', 'member').catch(() => {})
  assert.deepEqual((await session.next('members')).demote, ['bob'])
  await assert.rejects(client.setRole('c', 'no such name', 'member'), { code: 'INVALID' })
})

test('an erasure is told, and a page that was read before it shows nothing of what is erased', async (t) => {
  const { client, session } = await connected(t)
  session.tell(deliver(0, 'bob', 'a secret'))
  await next(client, 'message')
  assert.equal(client.conversation('c')?.last?.payload.type, 'text')
  const reading = client.history('c')
  const { ask } = await session.next('history')

  const erased = next(client, 'erased')
  const payload = { type: 'membership', added: [], removed: [], forgotten: 'bob' }
  session.tell({ ...deliver(1, 'ann', ''), messages: [{ ...stored(2, 'ann', ''), payload }] })
  assert.deepEqual(await erased, { conversation: 'c', user: 'bob', upto: 2 })
  assert.equal(client.conversation('c')?.last?.payload.type, 'membership')

  const messages = [stored(1, 'bob', 'a secret')]
  session.tell({ t: 'page', ask, conversation: 'c', after: 0, upto: 1, first: 1, head: 1, messages })
  const [first] = (await reading).messages
  assert.deepEqual([first?.seq, first?.from, first?.payload], [1, 'erased', { type: 'erased' }])
})

test('a conversation of which the server says nothing any more is one that the user has left', async (t) => {
  const { server, client, session } = await connected(t)
  session.cut()
  const removed = next(client, 'removed')
  const second = await server.session()
  await second.welcome()
  const { ask, conversation: asked } = await second.next('history')
  assert.equal(asked, 'c')
  second.tell({ t: 'error', code: ERRORS.NOT_FOUND.wire, detail: 'no', ask })
  assert.deepEqual(await removed, { conversation: 'c', upto: 0 })
  assert.deepEqual(client.conversations(), [])
})

test('typing of others ends when they send, and comes with the conversation', async (t) => {
  const { client, session } = await connected(t)
  const typing = collect(client, 'typing')
  session.tell({ t: 'typing_event', conversation: 'c', user: 'bob', on: true })
  await next(client, 'conversation')
  assert.deepEqual(client.conversation('c')?.typing, ['bob'])
  session.tell(deliver(0, 'bob', 'done'))
  await next(client, 'message')
  assert.deepEqual(
    typing.map(({ on }) => on),
    [true, false],
  )
})

test('a state kept in a file lets the next run go on where the last one ended', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'chat4all-sdk-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'state', 'ann.json')
  const { server, client, session } = await connected(t, { storage: fileStorage(path) })
  session.tell(deliver(0, 'bob', 'one'))
  await next(client, 'message')
  const sending = client.send('c', 'unsent', { metadata: { k: 'v' }, ttl: 60 })
  await client.close()
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal(JSON.parse(await readFile(path, 'utf8')).cursors.c.seq, 1)

  const later = nodeClient({ url: server.url, token: 'token', storage: fileStorage(path) })
  t.after(() => later.close())
  void later.connect()
  const second = await server.session()
  const hello = await second.welcome({}, conversation({ head: 1 }))
  assert.deepEqual([hello.device, hello.cursors], ['d1', [{ conversation: 'c', seq: 1 }]])
  const frame = await second.next('send')
  assert.deepEqual([messageIdFromBytes(frame.message_id), frame.ttl], [sending.messageId, 60])
})

test('what one user wrote is never sent as another’s', async (t) => {
  const { server, client, session } = await connected(t)
  session.cut()
  const sending = client.send('c', 'from ann')
  const second = await server.session()
  await second.welcome({ user: 'bob' })
  await assert.rejects(sending.result, { code: 'FORBIDDEN' })
  assert.deepEqual(client.conversations(), [])
})

test('bytes that make no sense end the session, not the program', async (t) => {
  const { server, client, session } = await connected(t)
  const error = next(client, 'error')
  session.tell({ t: 'presence', conversation: 'c', user: 'bob', online: true })
  await next(client, 'presence')
  session.sendText('hello?')
  await session.closed()
  const second = await server.session()
  await second.welcome({}, conversation())
  second.tell({ t: 'error', code: ERRORS.INTERNAL.wire, detail: 'sorry' })
  assert.match((await error).message, /sorry/)
})

test('close() ends what waits for an answer, keeps what is unsent, and connect() goes on', async (t) => {
  const { server, client, session } = await connected(t)
  const history = assert.rejects(client.history('c'), { code: 'UNAVAILABLE' })
  const group = assert.rejects(client.createGroup([]), { code: 'UNAVAILABLE' })
  await session.next('history')
  await session.next('create')
  const sending = client.send('c', 'kept')
  await client.close()
  await Promise.all([history, group])
  assert.equal(sending.status, 'queued')
  void client.connect()
  const second = await server.session()
  await second.welcome({}, conversation())
  assert.equal(messageIdFromBytes((await second.next('send')).message_id), sending.messageId)
})

test('an address to which no socket can be opened is told at once, and not tried for ever', async (t) => {
  class Refusing {
    constructor(url: string) {
      throw new Error(`not ${url}`)
    }
  }
  const { client } = await setUp(t, { WebSocket: Refusing as never })
  await assert.rejects(client.connect(), { code: 'INVALID' })
  assert.equal(client.state.status, 'offline')
})
