import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ClientFrame,
  type ConversationId,
  ERRORS,
  type ErrorCode,
  errorCodeOfWire,
  HELLO_BYTES_MAX,
  message,
  type NodeId,
  payload,
  Reader,
  type Seq,
  slotOf,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import fc from 'fast-check'
import { encodeClientFrames, type TestClient, TestEdge } from './testing/edge-world.js'
import { ModelCluster, type ModelConversation, textPayload } from './testing/owner-model.js'

const C = 'c1' as ConversationId

function world(options: ConstructorParameters<typeof TestEdge>[1] = {}) {
  const cluster = new ModelCluster('n1')
  const conversation = cluster.create(C, 'alice', 'bob')
  const edge = new TestEdge(cluster, options)
  return { cluster, conversation, edge }
}

function online(edge: TestEdge, user = 'alice'): TestClient {
  const client = edge.hello(user)
  edge.run()
  return client
}

function sendFrame(cseq: number, text = `m${cseq}`, conversation: ConversationId = C): ClientFrame {
  const message_id = new Uint8Array(16)
  new DataView(message_id.buffer).setUint32(12, cseq)
  return { t: 'send', cseq: cseq as never, conversation, message_id, payload: textPayload(text) }
}

const stored = (conversation: ModelConversation) =>
  conversation.messages.map((bytes) => {
    const { payload } = message.read(new Reader(bytes!))
    return payload.type === 'text' ? payload.text : payload.type
  })
const names = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`)

// --- hello ------------------------------------------------------------------------------------------------------------

test('a session opens with hello: welcome, the conversations, ready', () => {
  const { edge } = world()
  const client = online(edge)
  assert.deepEqual(
    client.frames.map(({ t }) => t),
    ['welcome', 'conversation', 'ready'],
  )
  const [welcome] = client.of('welcome')
  assert.equal(welcome!.user, 'alice')
  assert.equal(client.of('ready')[0]!.conversations, 1)
})

test('presence is told before the conversations are listed', () => {
  const { cluster, edge } = world()
  edge.hello('alice')
  edge.outcomes()
  edge.toNodeStep('n1' as NodeId)
  assert.equal(edge.presence.has('alice'), false)
  assert.equal(edge.links.get('n1' as NodeId)!.out.length, 0, 'nothing asked yet')
  edge.run()
  assert.equal(edge.presence.has('alice'), true)
  assert.ok(cluster)
})

function failsWith(code: ErrorCode, client: TestClient): void {
  assert.deepEqual(client.errors(), [code])
  assert.equal(client.closedWith, code)
}

test('the first frame must be hello, exactly one comes, and in time', () => {
  const { edge } = world()
  const early = edge.connect()
  early.send({ t: 'ping' })
  failsWith('HELLO_EXPECTED', early)

  const twice = online(edge)
  twice.send({ t: 'hello', version_min: 1, version_max: 1, token: 'alice' })
  failsWith('HELLO_EXPECTED', twice)

  const silent = edge.connect()
  edge.pass(edge.core.config.helloMs + 1_500, 500)
  failsWith('HELLO_EXPECTED', silent)
})

test('no common version: the error names those that the server speaks', () => {
  const { edge } = world()
  const client = edge.connect().send({ t: 'hello', version_min: 2, version_max: 9, token: 'alice' })
  failsWith('UNSUPPORTED_VERSION', client)
  assert.match(client.of('error')[0]!.detail, /speaks 1/)
})

test('a bad token ends the session, an expired one too, when it expires', () => {
  const { edge } = world()
  const stranger = edge.hello('nobody')
  edge.run()
  failsWith('UNAUTHENTICATED', stranger)
  const guest = edge.hello(`bob/${edge.now + 3_000}`)
  edge.run().pass(2_000, 500)
  assert.equal(guest.closedWith, undefined)
  edge.pass(2_500, 500)
  failsWith('TOKEN_EXPIRED', guest)
})

test('a client that is silent for longer than the heartbeat is closed; one that pings is not', () => {
  const { edge } = world()
  const [silent, lively] = [online(edge), online(edge, 'bob')]
  for (let i = 0; i < 3; i++) {
    edge.pass(edge.core.config.heartbeatMs / 2, 1_000)
    lively.send({ t: 'ping' })
  }
  failsWith('IDLE_TIMEOUT', silent)
  assert.equal(lively.closedWith, undefined)
  assert.equal(lively.of('pong').length, 3)
})

test('frames sent right behind hello are taken when the token is verified', () => {
  const { conversation, edge } = world()
  const client = edge.hello('alice')
  client.send(sendFrame(1), sendFrame(2))
  edge.run()
  assert.deepEqual(stored(conversation), ['m1', 'm2'])
  assert.deepEqual(
    client.of('sent').map(({ cseq, seq }) => [cseq, seq]),
    [
      [1, 1],
      [2, 2],
    ],
  )
})

test('`from` is who the token says', () => {
  const { conversation, edge } = world()
  online(edge, 'bob').send(sendFrame(1))
  edge.run()
  assert.equal(message.read(new Reader(conversation.messages[0]!)).from, 'bob')
})

test('a conversation that belongs to an unreachable owner does not keep `ready` back for ever', () => {
  const { cluster, edge } = world()
  cluster.node('n1').loading.set(C, [])
  const client = edge.hello('alice')
  edge.run()
  assert.equal(client.of('ready').length, 0)
  edge.pass(edge.core.config.readyMs + 2_000, 500)
  assert.equal(client.of('ready').length, 1)
  cluster.node('n1').loaded(C)
  edge.run()
  cluster.post(cluster.conversations.get(C)!, 'bob')
  edge.run()
  assert.deepEqual(client.seqs(C), [1], 'it comes when its owner does')
})

test('with presence down a new conversation shows up at the next reconcile, not never', () => {
  const { cluster, edge } = world()
  edge.presenceWorks = false
  const client = online(edge)
  cluster.create('g9', 'alice', 'carol')
  edge.pass(edge.core.config.reconcileMs + 5_000, 250)
  assert.ok(client.of('conversation').some(({ info }) => info.conversation === 'g9'))
})

test('a conversation whose slot had no owner when the list was asked shows up soon', () => {
  const { cluster, edge } = world()
  edge.pass(10_000, 1_000)
  const slot = slotOf(C)
  cluster.owners[slot] = undefined
  const client = edge.hello('alice', { [C]: 0 })
  edge.run()
  assert.equal(client.of('conversation').length, 0)
  cluster.post(cluster.create('other', 'x', 'y'), 'x')
  cluster.owners[slot] = 'n1' as NodeId
  edge.core.hintsChanged(new Map([[slot, 'n1' as NodeId]]), edge.now)
  cluster.post(cluster.conversations.get(C)!, 'bob')
  edge.pass(10_000, 250)
  assert.deepEqual(client.seqs(C), [1])
})

// --- sending ----------------------------------------------------------------------------------------------------------

test('of 32 pipelined sends the third gets BUSY: all 32 get seqs in the order sent', () => {
  const { conversation, edge } = world({ config: { pipelineBytesMax: 300 } })
  const client = online(edge)
  const sends = Array.from({ length: 32 }, (_, i) => sendFrame(i + 1))
  client.send(...sends)
  assert.deepEqual(
    client.of('busy').map(({ cseq, code }) => [cseq, errorCodeOfWire(code)]),
    [[3, 'BUSY']],
  )
  edge.run()
  for (let next = 3; next <= 32; ) {
    client.frames.length = 0
    client.send(...sends.slice(next - 1))
    edge.run()
    next = client.of('busy')[0]?.cseq ?? 33
  }
  assert.deepEqual(stored(conversation), names(1, 32))
})

test('a node that bounces is never seen by the client', () => {
  const { cluster, conversation, edge } = world()
  const client = online(edge)
  cluster.node('n1').bounceAfter = 2
  client.send(...Array.from({ length: 32 }, (_, i) => sendFrame(i + 1)))
  edge.run().pass(2_000)
  assert.deepEqual(stored(conversation), names(1, 32))
  assert.deepEqual(
    client.of('sent').map(({ cseq, seq }) => [cseq, seq]),
    Array.from({ length: 32 }, (_, i) => [i + 1, i + 1]),
  )
  assert.equal(client.of('busy').length + client.of('error').length, 0)
})

test('a cseq out of order ends the session', () => {
  const { edge } = world()
  const client = online(edge)
  client.send(sendFrame(2))
  failsWith('CSEQ_MISMATCH', client)
})

test('a final error uses its cseq up', () => {
  const { conversation, edge } = world()
  const client = online(edge)
  client.send(
    sendFrame(1, 'm1', 'not-mine' as ConversationId),
    { t: 'create', cseq: 2 as never, type: 'private', members: ['alice' as UserId], message_id: new Uint8Array(16) },
    { t: 'members', cseq: 3 as never, conversation: C, message_id: new Uint8Array(16), add: [], remove: [] },
    sendFrame(4),
  )
  edge.run()
  const errors = client.of('error').map(({ cseq, code }) => [cseq, errorCodeOfWire(code)])
  assert.deepEqual(errors.sort(), [
    [1, 'NOT_FOUND'],
    [2, 'INVALID'],
    [3, 'INVALID'],
  ])
  assert.deepEqual(stored(conversation), ['m4'])
})

test('who sends too fast is told how long to wait, and nothing is lost or reordered by it', () => {
  const { conversation, edge } = world({ config: { framesPerSecond: 100, framesBurst: 5 } })
  const client = online(edge)
  const sends = Array.from({ length: 8 }, (_, i) => sendFrame(i + 1))
  client.send(...sends)
  const [busy] = client.of('busy')
  assert.deepEqual([busy!.cseq, errorCodeOfWire(busy!.code)], [6, 'RATE_LIMITED'])
  edge.pass(busy!.retry_after + 50)
  client.send(...sends.slice(5))
  edge.run()
  assert.deepEqual(stored(conversation), names(1, 8))
})

test('a user is counted over all its sessions, and who met the limit goes on in order when the window ends', () => {
  const { conversation, edge } = world()
  edge.sendsLeft.set('demo alice', 4)
  const [one, other] = [online(edge), online(edge)]
  const send = (client: TestClient, cseq: number, id: number) => {
    client.send({ ...sendFrame(cseq, `m${id}`), message_id: new Uint8Array(16).fill(id) } as ClientFrame)
    edge.run()
  }
  for (const id of [1, 2, 3]) send(one, id, id)
  for (const id of [4, 5, 6]) send(other, id - 3, id)
  assert.deepEqual([one.of('busy'), other.of('busy').map(({ cseq }) => cseq)], [[], [2]])
  const [busy] = other.of('busy')
  assert.equal(errorCodeOfWire(busy!.code), 'RATE_LIMITED')
  edge.sendsLeft.set('demo alice', 4)
  edge.pass(busy!.retry_after)
  for (const id of [5, 6]) send(other, id - 3, id)
  assert.deepEqual(stored(conversation), names(1, 6))
})

test('an app is counted over all its users', () => {
  const { edge } = world()
  edge.sendsLeft.set('demo', 2)
  const [alice, carol] = [online(edge), online(edge, 'carol')]
  for (let i = 1; i <= 3; i++) {
    alice.send(sendFrame(i))
    edge.run()
  }
  carol.send(sendFrame(1, 'm9'))
  assert.deepEqual(
    carol.of('busy').map(({ code }) => errorCodeOfWire(code)),
    ['RATE_LIMITED'],
  )
})

test('typing is left out when a session sends too fast, and who goes on regardless is closed', () => {
  let shed = 0
  const { edge } = world({ config: { framesPerSecond: 10, framesBurst: 5 }, events: { shed: () => shed++ } })
  const client = online(edge)
  for (let i = 0; i < 10; i++) client.send({ t: 'typing', conversation: C, on: true })
  assert.equal(shed, 5)
  assert.equal(client.closedWith, undefined)
  for (let i = 0; i < 20; i++) client.send({ t: 'typing', conversation: C, on: true })
  assert.equal(client.closedWith, 'RATE_LIMITED')
})

test('one session cannot have more than its share unanswered', () => {
  const { edge } = world({ config: { sessionUnansweredMax: 10 } })
  const client = online(edge)
  client.send(...Array.from({ length: 11 }, (_, i) => sendFrame(i + 1)))
  assert.deepEqual(
    client.of('busy').map(({ cseq }) => cseq),
    [11],
  )
})

// --- conversations ----------------------------------------------------------------------------------------------------

test('two users who create their private conversation enter the same one', () => {
  const { edge } = world()
  const [alice, carol] = [online(edge), online(edge, 'carol')]
  const create = (other: string): ClientFrame => ({
    t: 'create',
    cseq: 1 as never,
    type: 'private',
    members: [other as UserId],
    message_id: new Uint8Array(16).fill(1),
  })
  alice.send(create('carol'))
  edge.run()
  carol.send(create('alice'))
  edge.run()
  const [first, second] = [alice.of('created')[0]!.info, carol.of('created')[0]!.info]
  assert.equal(first.conversation, second.conversation)
  assert.match(first.conversation, /^p[A-Za-z0-9_-]{21,}$/)
  alice.send({ ...(sendFrame(2, 'hi', first.conversation) as Extract<ClientFrame, { t: 'send' }>) })
  edge.run()
  assert.deepEqual(carol.seqs(first.conversation), [1])
  assert.deepEqual(alice.seqs(first.conversation), [1])
})

test('creating a group is repeatable, and its members hear of it and of its first message', () => {
  const { edge } = world()
  const [alice, bob] = [online(edge), online(edge, 'bob')]
  const create = (cseq: number): ClientFrame => ({
    t: 'create',
    cseq: cseq as never,
    type: 'group',
    members: ['bob' as UserId, 'carol' as UserId],
    message_id: new Uint8Array(16).fill(5),
  })
  alice.send(create(1), create(2))
  edge.run()
  const ids = alice.of('created').map(({ info }) => info.conversation)
  assert.equal(ids.length, 2)
  assert.equal(ids[0], ids[1])
  assert.match(ids[0]!, /^g[A-Za-z0-9_-]{21,}$/)
  alice.send(sendFrame(3, 'hi', ids[0]))
  edge.run()
  assert.deepEqual(bob.seqs(ids[0]!), [1])
})

test('history answers page by page, both ways, and cuts what is too large for one answer', () => {
  const { cluster, conversation, edge } = world({ config: { pageBytesMax: 2_000 } })
  for (let i = 0; i < 100; i++) cluster.post(conversation, 'bob', 100)
  const client = online(edge)
  client.send(
    { t: 'history', ask: 1, conversation: C, limit: 5 },
    { t: 'history', ask: 2, conversation: C, since: 0 as Seq, limit: 50 },
  )
  edge.run()
  const [newest, oldest] = client.of('page')
  assert.deepEqual(
    [newest!.ask, newest!.after, newest!.upto, newest!.messages.map(({ seq }) => seq)],
    [1, 95, 100, [96, 97, 98, 99, 100]],
  )
  assert.equal(oldest!.ask, 2)
  assert.ok(oldest!.upto < 50)
  assert.deepEqual(
    oldest!.messages.map(({ seq }) => seq),
    Array.from({ length: oldest!.upto }, (_, i) => i + 1),
  )
  assert.deepEqual([oldest!.first, oldest!.head], [1, 100])
})

test('history of a conversation that is not the user’s is refused, and the next question is answered', () => {
  const { cluster, edge } = world()
  cluster.create('secret', 'bob', 'carol')
  const client = online(edge)
  client.send(
    { t: 'history', ask: 1, conversation: 'secret' as ConversationId, limit: 5 },
    { t: 'history', ask: 2, conversation: C, limit: 5 },
  )
  edge.run()
  assert.deepEqual(
    client.of('error').map(({ ask, code }) => [ask, errorCodeOfWire(code)]),
    [[1, 'NOT_FOUND']],
  )
  assert.deepEqual(
    client.of('page').map(({ ask }) => ask),
    [2],
  )
})

test('list tells the conversations, and says when that was the last', () => {
  const { edge } = world()
  const client = online(edge)
  client.send({ t: 'list', ask: 9 })
  edge.run()
  const answers = client.of('conversations')
  assert.deepEqual(
    answers.map(({ ask, last }) => [ask, last]),
    [
      [9, false],
      [9, true],
    ],
  )
  assert.deepEqual(
    answers.flatMap(({ conversations }) => conversations.map(({ conversation }) => conversation)),
    [C],
  )
})

// --- slow consumers ---------------------------------------------------------------------------------------------------

test('once a slow session is to be closed no later frame reaches it, and resume brings the rest', () => {
  const { cluster, conversation, edge } = world({ config: { socketBytesMax: 300_000 } })
  const bob = online(edge, 'bob')
  bob.quick = false
  // A write after close throws in TestClient.
  for (let i = 0; i < 40; i++) {
    cluster.post(conversation, 'alice', 10_000)
    edge.toNodeStep('n1' as NodeId)
    edge.fromNodeStep('n1' as NodeId)
  }
  assert.equal(bob.closedWith, 'SLOW_CONSUMER')
  const seen = bob.seqs(C)
  assert.ok(seen.length < 40)
  assert.deepEqual(
    seen,
    Array.from({ length: seen.length }, (_, i) => i + 1),
  )
  edge.run()
  const again = edge.hello('bob', { [C]: seen.length })
  edge.run()
  assert.deepEqual(
    [...seen, ...again.seqs(C)],
    Array.from({ length: 40 }, (_, i) => i + 1),
  )
})

test('typing and presence are left out first, then receipts, messages never', () => {
  const shed: string[] = []
  const { cluster, conversation, edge } = world({ events: { shed: (kind) => shed.push(kind) } })
  const bob = online(edge, 'bob')
  bob.quick = false
  const everything = () => {
    cluster.node('n1').tellSubscribers(C, { t: 'signalled', conversation: C, user: 'alice' as UserId, on: true })
    cluster.node('n1').tellSubscribers(C, { t: 'present', conversation: C, user: 'alice' as UserId, online: true })
    const items = [{ user: 'alice' as UserId, delivered: 1 as Seq, read: 1 as Seq, time: edge.now }]
    cluster.node('n1').tellSubscribers(C, { t: 'marks', conversation: C, items })
    cluster.post(conversation, 'alice')
    edge.run()
    const now = shed.splice(0)
    return now
  }
  assert.deepEqual(everything(), [])
  bob.waiting = edge.core.config.ephemeralBytesMax + 1
  assert.deepEqual(everything(), ['typing', 'presence'])
  bob.waiting = edge.core.config.receiptsBytesMax + 1
  assert.deepEqual(everything(), ['typing', 'presence', 'receipts'])
  assert.deepEqual(bob.seqs(C), [1, 2, 3])
})

// --- going away -------------------------------------------------------------------------------------------------------

test('drain sends sessions away, spread over time, each with a delay, after their answers', () => {
  let seed = 1
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const { conversation, edge } = world({ random, config: { drainMs: 10_000 } })
  const clients = Array.from({ length: 100 }, (_, i) => online(edge, i % 2 === 0 ? 'alice' : 'bob'))
  clients[0]!.send(sendFrame(1))
  edge.core.drain(edge.now)
  const late = edge.connect()
  assert.equal(late.closedWith, 'DRAINING')
  const gone: number[] = []
  for (let second = 0; second < 12; second++) {
    edge.pass(1_000)
    gone.push(clients.filter(({ closedWith }) => closedWith === 'DRAINING').length)
  }
  assert.equal(gone.at(-1), 100)
  assert.ok(gone[0]! < 30 && gone[4]! > 20 && gone[4]! < 80, `paced: ${gone}`)
  const delays = clients.map((client) => client.of('reconnect')[0]!.delay)
  assert.ok(new Set(delays).size > 50, 'delays differ')
  assert.deepEqual(stored(conversation), ['m1'])
  assert.equal(clients[0]!.of('sent').length, 1)
  assert.equal(edge.core.drainedAll, true)
})

// --- hostile bytes ----------------------------------------------------------------------------------------------------

test('oversized messages and frames are refused with the error that says so', () => {
  const { edge } = world()
  const message = online(edge)
  message.sendBytes(new Uint8Array(HELLO_BYTES_MAX + 1))
  failsWith('FRAME_TOO_LARGE', message)

  const frame = online(edge)
  const add = Array.from({ length: 500 }, (_, i) => `${'x'.repeat(120)}${i}` as UserId)
  const large = {
    t: 'members',
    cseq: 1 as never,
    conversation: C,
    message_id: new Uint8Array(16),
    add,
    remove: add,
  } as const
  frame.send(large)
  failsWith('FRAME_TOO_LARGE', frame)

  const many = online(edge)
  many.send(...Array.from({ length: 20 }, (_, i) => sendFrame(i + 1, 'x'.repeat(10_000))))
  edge.run()
  assert.equal(many.of('sent').length, 20, 'many small frames may be one large message')
})

test('text, garbage and frames of the server are refused', () => {
  const { edge } = world()
  const text = online(edge)
  edge.core.receivedText(text.session, edge.now)
  failsWith('MALFORMED_FRAME', text)
  failsWith('MALFORMED_FRAME', online(edge).sendBytes(new Uint8Array(0)))
  failsWith('MALFORMED_FRAME', online(edge).sendBytes(Uint8Array.of(0xc1)))
  failsWith('UNKNOWN_FRAME', online(edge).sendBytes(Uint8Array.of(0x91, 0x63)))
})

test('whatever bytes come, in whatever state: an error from the table and a close, or an answer; never a throw', () => {
  const good = [
    encodeClientFrames({
      t: 'hello',
      version_min: 1,
      version_max: 1,
      token: 'alice',
      cursors: [{ conversation: C, seq: 3 as Seq }],
    }),
    encodeClientFrames(sendFrame(1)),
    encodeClientFrames({ t: 'receipt', conversation: C, delivered: 1 as Seq, read: 1 as Seq }),
    encodeClientFrames({ t: 'history', ask: 1, conversation: C, limit: 3 }, { t: 'list', ask: 2 }, { t: 'ping' }),
    encodeClientFrames({
      t: 'create',
      cseq: 1 as never,
      type: 'group',
      members: ['bob' as UserId],
      message_id: new Uint8Array(16),
    }),
  ]
  const mutated = fc
    .tuple(fc.constantFrom(...good), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
    .map(([bytes, changes, length]) => {
      const copy = bytes.slice(0, 1 + (length % bytes.length))
      for (const [at, value] of changes) copy[at % copy.length] = value
      return copy
    })
  const known = new Set<string>(Object.keys(ERRORS))
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(fc.oneof(mutated, fc.uint8Array({ maxLength: 64 }), fc.constantFrom(...good)), { maxLength: 6 }),
      (opened, messages) => {
        const { edge } = world()
        const client = opened ? online(edge) : edge.connect()
        for (const bytes of messages) {
          client.sendBytes(bytes)
          edge.run()
        }
        for (const code of client.errors()) assert.ok(known.has(code))
        if (client.closedWith !== undefined) assert.ok(ERRORS[client.closedWith as ErrorCode] !== undefined)
        client.disconnect()
        edge.run()
        assert.equal(edge.core.holds.sessions, 0)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('a file that may not be posted is refused, and one that is not known yet comes again, with what came behind it', () => {
  const { edge, conversation } = world()
  const alice = online(edge)
  const writer = new Writer()
  payload.write(writer, { type: 'file', file_id: 'f1', name: 'a', size: 1, mime: 'text/plain' })
  const file = writer.take()
  const withFile = (cseq: number) => ({ ...sendFrame(cseq), payload: file }) as ClientFrame
  edge.mayPostFile = undefined
  alice.send(withFile(1), sendFrame(2, 'behind it'))
  edge.run()
  assert.deepEqual(
    alice.of('busy').map(({ cseq }) => cseq),
    [1],
  )
  assert.equal(stored(conversation).length, 0)
  edge.mayPostFile = true
  alice.send(withFile(1), sendFrame(2, 'behind it'))
  edge.mayPostFile = false
  alice.send(withFile(3), sendFrame(4, 'goes on'))
  edge.run()
  assert.deepEqual(
    alice.of('error').map(({ cseq, code }) => [cseq, code]),
    [[3, ERRORS.NOT_FOUND.wire]],
  )
  assert.deepEqual(
    alice.of('sent').map(({ cseq }) => cseq),
    [1, 2, 4],
  )
})
