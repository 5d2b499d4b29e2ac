import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, test } from 'node:test'
import {
  type AppId,
  Chat4AllError,
  type ClientFrame,
  type ConversationId,
  ERRORS,
  type ErrorEntry,
  errorCodeOfWire,
  HELLO_BYTES_MAX,
  type Seq,
  type UserId,
} from '@chat4all/protocol'
import { inProcessRateLimits } from '@chat4all/storage'
import { WebSocket } from 'ws'
import { fakeDirectory } from '../auth/fake-directory.js'
import { encodeClientFrames } from '../core/testing/edge-world.js'
import { ModelCluster, textPayload } from '../core/testing/owner-model.js'
import { SendLimits } from '../send-limits.js'
import { type LiveClient, LiveEdge, until } from './testing/live-edge.js'

const C = 'c1' as ConversationId
/** Long enough for a session to begin on a busy machine. */
const TOKEN_MS = 5_000
const open: LiveEdge[] = []

async function start(options: Parameters<typeof LiveEdge.start>[1] = {}) {
  const cluster = new ModelCluster('n1')
  const conversation = cluster.create(C, 'alice', 'bob')
  const live = await LiveEdge.start(cluster, options)
  open.push(live)
  return { cluster, conversation, live }
}

afterEach(async () => {
  for (const live of open.splice(0)) await live.close()
})

function sendFrame(cseq: number, text = `m${cseq}`): ClientFrame {
  // No id that the model gives.
  const message_id = new Uint8Array(16).fill(1, 0, 1)
  new DataView(message_id.buffer).setUint32(12, cseq)
  return { t: 'send', cseq: cseq as never, conversation: C, message_id, payload: textPayload(text) }
}

test('two users exchange messages over real sockets', async () => {
  const { live } = await start()
  const [alice, bob] = [await live.hello('alice'), await live.hello('bob')]
  await Promise.all([alice.told('ready'), bob.told('ready')])
  alice.send(sendFrame(1), sendFrame(2))
  await alice.told('sent', 2)
  await until(() => bob.seqs(C).length === 2)
  assert.deepEqual(bob.seqs(C), [1, 2])
  assert.deepEqual(alice.seqs(C), [1, 2])
  bob.send({ t: 'receipt', conversation: C, delivered: 2 as Seq, read: 1 as Seq })
  const [receipt] = await alice.told('receipts')
  assert.deepEqual([receipt!.user, receipt!.delivered, receipt!.read], ['bob', 2, 1])
})

test('a user that sends on two edges has one limit, and its app’s quota is heeded', async () => {
  const directory = fakeDirectory()
  await directory.createApp({
    id: 'demo' as AppId,
    name: 'demo',
    secrets: [],
    created: 0,
    quotas: { userSendsPerSecond: 3 },
  })
  const counters = inProcessRateLimits({ now: () => 0 })
  const sendLimits = new SendLimits({ counters, directory, userPerSecond: 1_000, appPerSecond: 0 })
  const { live, cluster } = await start({ sendLimits })
  const other = await LiveEdge.start(cluster, { sendLimits })
  open.push(other)
  const sessions = [await live.hello('alice'), await other.hello('alice')]
  await Promise.all(sessions.map((session) => session.told('ready')))
  const answers = (session: LiveClient) => [...session.of('sent'), ...session.of('busy')].length
  for (let i = 0; i < 10; i++) {
    const session = sessions[i % 2]!
    session.send({ ...sendFrame(Math.floor(i / 2) + 1), message_id: new Uint8Array(16).fill(i + 1) } as ClientFrame)
    // The one after a refusal is dropped: it is to be sent again.
    if (session.of('busy').length === 0) await until(() => answers(session) > Math.floor(i / 2))
  }
  const sent = sessions.reduce((sum, session) => sum + session.of('sent').length, 0)
  // Six, and at most one more on each edge while its counter is asked.
  assert.ok(sent >= 6 && sent <= 8, `${sent} were sent`)
  const busy = sessions.flatMap((session) => session.of('busy'))
  assert.deepEqual(new Set(busy.map(({ code }) => errorCodeOfWire(code))), new Set(['RATE_LIMITED']))
})

test('what a turn has for a session leaves as one WebSocket message', async () => {
  const { cluster, conversation, live } = await start()
  const bob = await live.hello('bob')
  await bob.told('ready')
  bob.messages.length = 0
  for (let i = 0; i < 20; i++) cluster.post(conversation, 'alice')
  live.flush()
  await until(() => bob.seqs(C).length === 20)
  assert.deepEqual(bob.messages, [20])
})

test('a lost link is dialed again, and nothing is missed', async () => {
  const { cluster, conversation, live } = await start()
  const bob = await live.hello('bob')
  await bob.told('ready')
  live.cutLinks()
  await until(() => live.edge.linked === 0)
  cluster.post(conversation, 'alice')
  await until(() => bob.seqs(C).length === 1)
  bob.send(sendFrame(1))
  await bob.told('sent')
  assert.deepEqual(bob.seqs(C), [1, 2])
})

test('faults come as an error frame and the close code of the table', async () => {
  const { live } = await start()
  const cases: [string, (socket: WebSocket) => void, keyof typeof ERRORS][] = [
    ['text', (socket) => socket.send('hello'), 'MALFORMED_FRAME'],
    ['no frame', (socket) => socket.send(Uint8Array.of(0xc1)), 'MALFORMED_FRAME'],
    ['unknown frame', (socket) => socket.send(Uint8Array.of(0x91, 0x63)), 'UNKNOWN_FRAME'],
    ['not hello', (socket) => socket.send(encodeClientFrames({ t: 'ping' })), 'HELLO_EXPECTED'],
    ['too large', (socket) => socket.send(new Uint8Array(HELLO_BYTES_MAX + 1)), 'FRAME_TOO_LARGE'],
    ['too large, text', (socket) => socket.send('x'.repeat(HELLO_BYTES_MAX + 1)), 'MALFORMED_FRAME'],
  ]
  for (const [what, act, code] of cases) {
    const client = await live.connect()
    act(client.socket)
    assert.equal(await client.closed(), (ERRORS[code] as { close?: number }).close, what)
    assert.deepEqual(
      client.of('error').map((frame) => errorCodeOfWire(frame.code)),
      [code],
      what,
    )
  }
  for (const [token, code] of [
    ['stranger', 'UNAUTHENTICATED'],
    ['service', 'UNAUTHENTICATED'],
    ['broken', 'INTERNAL'],
  ] as const) {
    const client = await live.hello(token)
    assert.equal(await client.closed(), ERRORS[code].close, token)
  }
  const short = await live.hello(`alice/${Date.now() + TOKEN_MS}`)
  await short.told('ready')
  assert.equal(await short.closed(), ERRORS.TOKEN_EXPIRED.close)
  await until(() => live.edge.sessions === 0)
})

test('a client that pings and never reads is cut before its pongs fill the memory', async () => {
  const { live } = await start()
  const client = await live.hello('bob')
  await client.told('ready')
  client.socket.pause()
  // More than the buffers of both sockets and the edge's own bound together.
  for (let i = 0; i < 300_000; i++) client.socket.ping('x'.repeat(125))
  await until(() => live.edge.sessions === 0)
})

test('a message beyond every bound ends the connection', async () => {
  const { live } = await start()
  const client = await live.connect()
  client.socket.send(new Uint8Array(3 * HELLO_BYTES_MAX))
  await client.closed()
  await until(() => live.edge.sessions === 0)
})

test('random and mutated bytes end in an error frame and a code of ours, and the edge goes on', async () => {
  const { live } = await start()
  let seed = 4711
  const random = (below: number) => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed % below
  }
  const hello = encodeClientFrames({
    t: 'hello',
    version_min: 1,
    version_max: 1,
    token: 'bob',
    cursors: [{ conversation: C, seq: 1 as Seq }],
  })
  const good = [
    hello,
    encodeClientFrames(sendFrame(1)),
    encodeClientFrames({ t: 'history', ask: 1, conversation: C, limit: 2 }),
  ]
  const closeCodes = new Set(Object.values<ErrorEntry>(ERRORS).map(({ close }) => close))
  await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const client = await live.connect()
      if (i % 2 === 0) client.socket.send(hello)
      for (let j = 0; j < 5; j++) {
        const bytes =
          random(2) === 0 ? Uint8Array.from({ length: random(80) }, () => random(256)) : good[random(3)]!.slice()
        if (bytes.length > 0) bytes[random(bytes.length)] = random(256)
        if (random(20) === 0) client.socket.send('text')
        else client.socket.send(bytes)
      }
      client.socket.send(Uint8Array.of(0xc1))
      assert.ok(closeCodes.has(await client.closed()), `code ${client.closeCode}`)
      assert.equal(client.of('error').at(-1) !== undefined, true)
    }),
  )
  await until(() => live.edge.sessions === 0)
  const bob = await live.hello('bob')
  await bob.told('ready')
})

test('a client that reads too slowly is closed with the code that says so; what it got has no gap, resume brings the rest', async () => {
  const { cluster, conversation, live } = await start()
  const bob = await live.hello('bob')
  await bob.told('ready')
  bob.socket.pause()
  let posted = 0
  while (live.edge.sessions > 0 && posted < 5_000) {
    // 16 KB each; the kernel takes a few megabytes before anything waits here.
    cluster.post(conversation, 'alice', 16_000)
    posted++
    live.flush()
    await new Promise((resolve) => setImmediate(resolve))
    if ((await metric(live, 'chat4all_slow_consumers_closed_total')) > 0) break
  }
  assert.equal(await metric(live, 'chat4all_slow_consumers_closed_total'), 1)
  for (let i = 0; i < 10; i++) cluster.post(conversation, 'alice', 16_000)
  posted += 10
  live.flush()
  bob.socket.resume()
  assert.equal(await bob.closed(), ERRORS.SLOW_CONSUMER.close)
  const seen = bob.seqs(C)
  assert.ok(seen.length < posted)
  assert.deepEqual(
    seen,
    Array.from({ length: seen.length }, (_, i) => i + 1),
  )

  const again = await live.hello('bob', { [C]: seen.length })
  await until(() => seen.length + again.seqs(C).length === posted)
  assert.deepEqual(
    [...seen, ...again.seqs(C)],
    Array.from({ length: posted }, (_, i) => i + 1),
  )
})

test('a client that reads nothing at all is cut after a grace, and holds no memory', async () => {
  const { cluster, conversation, live } = await start()
  const bob = await live.hello('bob')
  await bob.told('ready')
  bob.socket.pause()
  while ((await metric(live, 'chat4all_slow_consumers_closed_total')) === 0) {
    cluster.post(conversation, 'alice', 16_000)
    live.flush()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => live.edge.sessions === 0)
})

async function metric(live: LiveEdge, name: string): Promise<number> {
  const values = (await live.registry.getSingleMetric(name)!.get()).values
  return values.reduce((sum, { value }) => sum + value, 0)
}

test('5,000 messages behind, over a real socket: all come, in order', async () => {
  const { cluster, conversation, live } = await start()
  for (let i = 0; i < 5_000; i++) cluster.post(conversation, 'alice', 200)
  const bob = await live.hello('bob', { [C]: 0 })
  await until(() => bob.seqs(C).length === 5_000)
  assert.deepEqual(
    bob.seqs(C),
    Array.from({ length: 5_000 }, (_, i) => i + 1),
  )
})

test('drain sends everybody away with a delay and the code, and takes nobody new', async () => {
  const { live } = await start({ config: { drainMs: 300 } })
  const clients = await Promise.all(Array.from({ length: 10 }, () => live.hello('bob')))
  await Promise.all(clients.map((client) => client.told('ready')))
  const drained = live.edge.drain()
  const late = new WebSocket(`ws://127.0.0.1:${live.port}/v1/socket`)
  late.on('error', () => {})
  const [, response] = await once(late, 'unexpected-response')
  assert.equal(response.statusCode, 503)
  await drained
  for (const client of clients) {
    assert.equal(await client.closed(), ERRORS.DRAINING.close)
    assert.equal(client.of('reconnect').length, 1)
  }
})

// --- requests of REST --------------------------------------------------------------------------------------------------

const post = (n: number) => ({
  t: 'post' as const,
  app: 'demo' as never,
  conversation: C,
  message_id: new Uint8Array(16).fill(n),
  from: 'alice' as UserId,
  payload: textPayload(`r${n}`),
})

test('requests over the pipelines: answers, refusals, and the same message twice', async () => {
  const { live } = await start()
  const { requests } = live.edge
  assert.deepEqual((await requests.post(post(1))).seq, 1)
  assert.deepEqual((await requests.post(post(1))).seq, 1)
  const page = await requests.read({ t: 'read', app: 'demo' as never, conversation: C, limit: 10 })
  assert.deepEqual([page.count, page.head], [1, 1])
  const info = await requests.inspect({ t: 'inspect', app: 'demo' as never, conversation: C, user: 'bob' as UserId })
  assert.equal(info.conversation, C)
  assert.deepEqual(
    (await requests.conversationsOf('demo' as never, 'bob' as UserId)).map(({ conversation }) => conversation),
    [C],
  )
  await requests.mark({
    t: 'mark',
    app: 'demo' as never,
    conversation: C,
    user: 'bob' as UserId,
    delivered: 1 as Seq,
    read: 1 as Seq,
  })
  const opened = await requests.open({
    t: 'open',
    app: 'demo' as never,
    conversation: 'g5' as ConversationId,
    type: 'group',
    members: ['alice' as UserId],
    admins: [],
  })
  assert.equal(opened.created, true)
  await assert.rejects(
    requests.post({ ...post(2), conversation: 'none' as ConversationId }),
    (error) => error instanceof Chat4AllError && error.code === 'NOT_FOUND',
  )
})

test('a request whose owner cannot be reached is UNAVAILABLE after its deadline, and may yet happen', async () => {
  const { cluster, conversation, live } = await start({ requestDeadlineMs: 200 })
  cluster.node('n1').loading.set(C, [])
  const unavailable = (error: unknown) =>
    error instanceof Chat4AllError && error.code === 'UNAVAILABLE' && error.retryAfter !== undefined
  await assert.rejects(live.edge.requests.post(post(1)), unavailable)
  cluster.node('n1').loaded(C)
  live.flush()
  await until(() => conversation.messages.length === 1)
  // On a busy machine the answer, too, may miss so short a deadline.
  for (;;) {
    const again = await live.edge.requests.post(post(1)).catch((error: unknown) => {
      assert.ok(unavailable(error))
      return undefined
    })
    if (again !== undefined) return assert.equal(again.seq, 1)
  }
})

test('a full pipeline is BUSY at once', async () => {
  const { cluster, live } = await start({ config: { pipelineBytesMax: 400 } })
  cluster.node('n1').loading.set(C, [])
  const answers = await Promise.allSettled(
    [1, 2, 3, 4].map((n) =>
      Promise.race([live.edge.requests.post(post(n)), new Promise((resolve) => setTimeout(resolve, 100))]),
    ),
  )
  const busy = answers.filter(
    (answer) => answer.status === 'rejected' && (answer.reason as Chat4AllError).code === 'BUSY',
  )
  assert.ok(busy.length >= 1)
})
