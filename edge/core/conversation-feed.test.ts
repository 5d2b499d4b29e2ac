import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConversationId, type NodeId, type NodeLinkFrame, type Seq, slotOf, type UserId } from '@chat4all/protocol'
import fc from 'fast-check'
import { ALL_RULES } from './rules.js'
import { type TestClient, TestEdge } from './testing/edge-world.js'
import { ModelCluster, type ModelConversation, type ModelLink } from './testing/owner-model.js'

const C = 'c1'
const SLOT = slotOf(C as ConversationId)
const N1 = 'n1' as NodeId
const N2 = 'n2' as NodeId

function world(options: ConstructorParameters<typeof TestEdge>[1] = {}): {
  cluster: ModelCluster
  conversation: ModelConversation
  edge: TestEdge
} {
  const cluster = new ModelCluster('n1', 'n2')
  const conversation = cluster.create(C, 'alice', 'bob')
  const edge = new TestEdge(cluster, options)
  edge.run()
  return { cluster, conversation, edge }
}

/** The session was told its conversations; the subscriptions are on their way. */
function listed(edge: TestEdge): void {
  edge.outcomes() // the token is verified
  edge.outcomes() // presence is written
  edge.toNodeStep(N1)
  edge.toNodeStep(N2)
  edge.fromNodeStep(N1)
  edge.fromNodeStep(N2)
}

const numbers = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)

test('live messages reach every session of the members, encoded once', () => {
  const { cluster, conversation, edge } = world()
  const clients = ['alice', 'bob', 'bob'].map((user) => edge.hello(user))
  edge.run()
  const writes = clients.map((client) => client.writes)
  for (let i = 0; i < 3; i++) cluster.post(conversation, 'alice')
  edge.run()
  for (const [i, client] of clients.entries()) {
    assert.deepEqual(client.seqs(C), [1, 2, 3])
    assert.equal(client.writes, writes[i]! + 3)
  }
  assert.equal(cluster.node('n1').served.subscribe, 2, 'one subscription per user, not per session')
})

test('who comes back with a cursor is told what was missed, and gets it before what is new', () => {
  const { cluster, conversation, edge } = world()
  for (let i = 0; i < 5; i++) cluster.post(conversation, 'alice')
  const bob = edge.hello('bob', { [C]: 2 })
  edge.run()
  cluster.post(conversation, 'alice')
  edge.run()
  assert.deepEqual(
    bob.of('resumed').map(({ recovered, after, first, upto }) => ({ recovered, after, first, upto })),
    [{ recovered: true, after: 2, first: 1, upto: 5 }],
  )
  assert.deepEqual(bob.seqs(C), [3, 4, 5, 6])
  assert.ok(bob.contiguous(C))
  const order = bob.frames.map(({ t }) => t)
  assert.deepEqual(order.slice(0, 3), ['welcome', 'conversation', 'resumed'])
  assert.equal(bob.of('ready').length, 1)
})

test('a cursor of 0 replays from the first message, no cursor begins at the head that was told', () => {
  const { cluster, conversation, edge } = world()
  for (let i = 0; i < 3; i++) cluster.post(conversation, 'alice')
  const replayed = edge.hello('bob', { [C]: 0 })
  const fresh = edge.hello('bob')
  edge.run()
  assert.deepEqual(replayed.seqs(C), [1, 2, 3])
  assert.deepEqual(fresh.seqs(C), [])
  assert.equal(fresh.of('resumed').length, 0)
  assert.equal(fresh.of('conversation')[0]!.info.head, 3)
})

test('a message between the list and the subscription is delivered, not lost', () => {
  const { cluster, conversation, edge } = world()
  const bob = edge.hello('bob')
  listed(edge)
  cluster.post(conversation, 'alice')
  edge.run()
  assert.equal(bob.of('conversation')[0]!.info.head, 0)
  assert.deepEqual(bob.seqs(C), [1])
})

test('it would be lost if what is read counted before what is subscribed to', () => {
  const { cluster, conversation, edge } = world({ rules: { ...ALL_RULES, subscribeBeforeRead: false } })
  const bob = edge.hello('bob')
  listed(edge)
  cluster.post(conversation, 'alice')
  edge.run().pass(60_000, 1_000)
  assert.deepEqual(bob.seqs(C), [])
})

test('resume works with no message ever received, ten times in a row, on another edge each time', () => {
  const { cluster, conversation } = world()
  const edges = [new TestEdge(cluster, { name: 'e1' }), new TestEdge(cluster, { name: 'e2' })]
  for (const edge of edges) edge.run()
  for (let i = 0; i < 10; i++) {
    const edge = edges[i % 2]!
    const bob = edge.hello('bob', { [C]: 0 })
    edge.run()
    assert.deepEqual(
      bob.of('resumed').map(({ recovered, after, upto }) => [recovered, after, upto]),
      [[true, 0, 0]],
    )
    assert.equal(bob.of('ready').length, 1)
    assert.deepEqual(bob.seqs(C), [])
    bob.disconnect()
    edge.run()
  }
  cluster.post(conversation, 'alice')
  const bob = edges[0]!.hello('bob', { [C]: 0 })
  edges[0]!.run()
  assert.deepEqual(bob.seqs(C), [1])
})

test('after a month offline everything comes by pages, one portion at a time', () => {
  const { cluster, conversation, edge } = world()
  for (let i = 0; i < 3_000; i++) cluster.post(conversation, 'alice', 500)
  const bob = edge.hello('bob', { [C]: 0 })
  bob.quick = false
  edge.run()
  const low = edge.core.config.catchUpBytesLow + edge.core.config.portionBytesMax
  let portions = 0
  while (bob.waiting > 0) {
    assert.ok(bob.waiting <= low + 2_000, `${bob.waiting} bytes wait`)
    portions++
    bob.drain()
    edge.run()
  }
  assert.deepEqual(bob.seqs(C), numbers(1, 3_000))
  assert.ok(portions > 10)
  assert.equal(cluster.node('n1').served.read, 6, 'pages of 500')
  cluster.post(conversation, 'alice')
  edge.run()
  assert.equal(bob.seqs(C).at(-1), 3_001)
})

test('where messages have expired the client is told so, never left with a silent gap', () => {
  const { cluster, conversation, edge } = world()
  for (let i = 0; i < 10; i++) cluster.post(conversation, 'alice')
  cluster.expire(conversation, 6)
  const behind = edge.hello('bob', { [C]: 2 })
  const near = edge.hello('bob', { [C]: 6 })
  edge.run()
  const told = (client: TestClient) =>
    client.of('resumed').map(({ recovered, after, first, upto }) => [recovered, after, first, upto])
  assert.deepEqual(told(behind), [[false, 6, 7, 10]])
  assert.deepEqual(told(near), [[true, 6, 7, 10]])
  assert.deepEqual(behind.seqs(C), [7, 8, 9, 10])
  assert.deepEqual(near.seqs(C), [7, 8, 9, 10])
})

test('when everything has expired the client is told that too', () => {
  const { cluster, conversation, edge } = world()
  for (let i = 0; i < 4; i++) cluster.post(conversation, 'alice')
  cluster.expire(conversation, 4)
  const bob = edge.hello('bob', { [C]: 1 })
  edge.run()
  cluster.post(conversation, 'alice')
  edge.run()
  assert.deepEqual(
    bob.of('resumed').map(({ recovered, after, upto }) => [recovered, after, upto]),
    [[false, 4, 4]],
  )
  assert.deepEqual(bob.seqs(C), [5])
})

test('a cursor above everything that exists is taken for the head', () => {
  const { cluster, conversation, edge } = world()
  for (let i = 0; i < 3; i++) cluster.post(conversation, 'alice')
  const bob = edge.hello('bob', { [C]: 999_999, 'no-such-conversation': 5 })
  edge.run()
  assert.deepEqual(
    bob.of('resumed').map(({ after, upto }) => [after, upto]),
    [[3, 3]],
  )
  cluster.post(conversation, 'alice')
  edge.run()
  assert.deepEqual(bob.seqs(C), [4])
})

test('5,000 sessions that come back at once cause one read per page, not one per session', () => {
  let read = 0
  let shared = 0
  const { cluster, conversation, edge } = world({ events: { rangeRead: () => read++, rangeShared: () => shared++ } })
  for (let i = 0; i < 1_200; i++) cluster.post(conversation, 'alice')
  const clients = Array.from({ length: 5_000 }, () => edge.hello('bob', { [C]: 0 }))
  edge.run()
  for (const client of clients) assert.equal(client.seqs(C).length, 1_200)
  assert.equal(cluster.node('n1').served.read, 3, 'owner reads: 500 + 500 + 200')
  assert.equal(read, 3)
  assert.equal(shared, 3 * 4_999)

  const straggler = edge.hello('bob', { [C]: 0 })
  edge.run()
  assert.equal(straggler.seqs(C).length, 1_200)
  assert.equal(read, 3, 'who comes a moment later shares them')
  edge.pass(edge.core.config.rangeKeptMs + 1_000)
  edge.hello('bob', { [C]: 0 })
  edge.run()
  assert.equal(read, 6, 'they are not kept for ever')
})

test('after a change of owner each session goes on from what it has, without gap or double', () => {
  const { cluster, conversation, edge } = world()
  const clients = [edge.hello('alice'), edge.hello('bob')]
  edge.run()
  cluster.post(conversation, 'alice')
  edge.run()
  cluster.move(SLOT, 'n2')
  // Committed by the new owner before this edge has subscribed there.
  for (let i = 0; i < 3; i++) cluster.post(conversation, 'alice')
  edge.pass(100)
  cluster.post(conversation, 'alice')
  edge.run()
  for (const client of clients) {
    assert.deepEqual(client.seqs(C), [1, 2, 3, 4, 5])
    assert.ok(client.contiguous(C))
  }
})

test('a lost link is an owner change like another, also when nothing is under way', () => {
  const { cluster, conversation, edge } = world()
  const bob = edge.hello('bob')
  edge.run()
  edge.cut(N1)
  cluster.move(SLOT, 'n2')
  edge.core.hintsChanged(new Map([[SLOT, N2]]), edge.now)
  cluster.post(conversation, 'alice')
  edge.pass(3_000)
  assert.deepEqual(bob.seqs(C), [1])
})

test('the last session of a user ends its subscription, the last user’s ends the feed', () => {
  const { cluster, edge } = world()
  const clients = [edge.hello('alice'), edge.hello('bob'), edge.hello('bob')]
  edge.run()
  const link = edge.links.get(N1)!
  const subscribed = () => [...(link.subscriptions.get(C as ConversationId) ?? [])].sort()
  assert.deepEqual(subscribed(), ['alice', 'bob'])
  clients[2]!.disconnect()
  edge.run()
  assert.deepEqual(subscribed(), ['alice', 'bob'])
  clients[1]!.disconnect()
  edge.run()
  assert.deepEqual(subscribed(), ['alice'])
  clients[0]!.disconnect()
  edge.run()
  assert.deepEqual(subscribed(), [])
  assert.deepEqual([edge.core.holds.conversations, edge.core.holds.users, edge.presence.size], [0, 0, 0])
  assert.ok(cluster)
})

test('a user that is gone before its subscription was answered leaves none behind; one that is back keeps it', () => {
  const { edge } = world()
  const link = edge.links.get(N1)!
  const first = edge.hello('bob')
  listed(edge)
  edge.toNodeStep(N1)
  assert.equal(link.subscriptions.size, 1, 'asked and made, not answered')
  first.disconnect()
  const second = edge.hello('bob')
  edge.run()
  assert.deepEqual([...link.subscriptions.get(C as ConversationId)!], ['bob'])
  second.disconnect()
  edge.run()
  assert.equal(link.subscriptions.size, 0)
})

test('who is removed gets everything up to that, then `removed`, then nothing', () => {
  const { cluster, edge } = world()
  const group = cluster.create('g1', 'alice', 'bob', 'carol')
  const [alice, bob] = [edge.hello('alice'), edge.hello('bob')]
  edge.run()
  cluster.post(group, 'alice')
  edge.run()
  alice.send({
    t: 'members',
    cseq: 1 as never,
    conversation: group.id,
    message_id: new Uint8Array(16).fill(7),
    add: [],
    remove: ['bob' as UserId],
  })
  edge.run()
  cluster.post(group, 'alice')
  edge.run()
  assert.deepEqual(bob.seqs('g1'), [1, 2])
  assert.deepEqual(
    bob.of('removed').map(({ conversation, upto }) => [conversation, upto]),
    [['g1', 2]],
  )
  assert.equal(bob.frames.at(-1)!.t, 'removed')
  assert.deepEqual(alice.seqs('g1'), [1, 2, 3])
})

/**
 * A node tells the edge of a flush that removes bob at seq 3 and goes on to seq 5: first the removal, then the messages
 * (shard-node/core/flush.ts).
 */
function removeBobWithinFlush(cluster: ModelCluster, group: ModelConversation, link: ModelLink): void {
  const begin = link.out.length
  for (let i = 0; i < 5; i++) cluster.post(group, 'alice')
  const ranges = link.out.splice(begin).filter((frame) => frame.t === 'fanout')
  const messages = Buffer.concat(ranges.map((range) => range.messages))
  const { id: conversation } = group
  group.members.delete('bob' as UserId)
  link.subscriptions.get(conversation)?.delete('bob' as UserId)
  link.out.push(
    { t: 'membership', app: 'demo' as never, conversation, joined: [], left: ['bob' as UserId], seq: 3 as Seq },
    { t: 'fanout', conversation, after: 0 as Seq, upto: 5 as Seq, count: 5, messages },
  )
}

test('who is removed within a flush gets its messages up to the removal, `removed`, and nothing more; others get all', () => {
  // Frame by frame too: what an edge does may not depend on how a link cuts them.
  for (const framesAtOnce of [1, 2]) {
    const { cluster, edge } = world()
    const group = cluster.create('g1', 'alice', 'bob', 'carol')
    const [alice, phone, laptop] = [edge.hello('alice'), edge.hello('bob'), edge.hello('bob')]
    edge.run()
    removeBobWithinFlush(cluster, group, edge.links.get(N1)!)
    while (edge.fromNodeStep(N1, framesAtOnce));
    edge.run()
    cluster.post(group, 'alice')
    edge.run()
    for (const device of [phone, laptop]) {
      assert.deepEqual(device.seqs('g1'), [1, 2, 3])
      assert.ok(device.contiguous('g1'))
      const last = device.frames.at(-1)!
      assert.deepEqual(last.t === 'removed' && [last.conversation, last.upto], ['g1', 3])
      assert.equal(device.of('removed').length, 1)
    }
    assert.deepEqual(alice.seqs('g1'), [1, 2, 3, 4, 5, 6])
    assert.ok(alice.contiguous('g1'))
    assert.equal(alice.of('removed').length, 0)
    assert.equal(cluster.node('n1').served.read, undefined, 'nobody had to read what was sent')
  }
})

test('a removed member whose edge has no other member there gets the same, also when the owner changes in between', () => {
  for (const broken of [false, true]) {
    const { cluster, edge } = world()
    const group = cluster.create('g1', 'alice', 'bob', 'carol')
    const bob = edge.hello('bob')
    edge.run()
    const link = edge.links.get(N1)!
    removeBobWithinFlush(cluster, group, link)
    link.subscriptions.delete(group.id)
    edge.fromNodeStep(N1, 1)
    assert.equal(bob.of('removed').length, 0, 'it is told when it has everything')
    if (broken) {
      edge.cut(N1)
      cluster.move(slotOf(group.id), 'n2')
      edge.core.hintsChanged(new Map([[slotOf(group.id), N2]]), edge.now)
    }
    edge.run().pass(3_000)
    assert.deepEqual(bob.seqs('g1'), [1, 2, 3])
    assert.deepEqual(
      bob.of('removed').map(({ upto }) => upto),
      [3],
    )
    assert.equal(edge.core.holds.conversations, 1, 'the private one is left')
  }
})

test('who is removed while behind still gets what came before, and not what came after', () => {
  const { cluster, edge } = world()
  const group = cluster.create('g1', 'alice', 'bob', 'carol')
  for (let i = 0; i < 700; i++) cluster.post(group, 'alice', 500)
  const bob = edge.hello('bob', { g1: 0 })
  bob.quick = false
  edge.run()
  assert.ok(bob.seqs('g1').length < 700)
  const link = edge.links.get(N1)!
  const change = {
    t: 'membership',
    app: 'demo' as never,
    conversation: group.id,
    joined: [],
    left: ['bob' as UserId],
    seq: 701 as Seq,
  } as NodeLinkFrame
  cluster.post(group, 'alice')
  group.members.delete('bob' as UserId)
  cluster.node('n1').tellSubscribers(group.id, change)
  link.subscriptions.delete(group.id)
  edge.run()
  for (let i = 0; i < 20; i++) cluster.post(group, 'alice')
  bob.quick = true
  bob.drain()
  edge.run()
  assert.deepEqual(bob.seqs('g1'), numbers(1, 701))
  assert.deepEqual(
    bob.of('removed').map(({ upto }) => upto),
    [701],
  )
  assert.equal(edge.core.holds.conversations, 1, 'the private one is left')
})

test('a conversation that is erased while somebody catches up in it ends there, and the session goes on', () => {
  const { cluster, edge } = world()
  const group = cluster.create('g1', 'alice', 'bob', 'carol')
  for (let i = 0; i < 700; i++) cluster.post(group, 'alice', 500)
  const bob = edge.hello('bob', { g1: 0 })
  bob.quick = false
  edge.run()
  const left = ['bob' as UserId]
  const seq = 701 as Seq
  cluster
    .node('n1')
    .tellSubscribers(group.id, { t: 'membership', app: 'demo' as never, conversation: group.id, joined: [], left, seq })
  cluster.conversations.delete(group.id)
  edge.links.get(N1)!.subscriptions.delete(group.id)
  edge.run()
  bob.quick = true
  bob.drain()
  edge.run().pass(3_000)
  const seen = bob.seqs('g1')
  assert.deepEqual(seen, numbers(1, seen.length))
  assert.deepEqual(
    bob.of('removed').map(({ upto }) => upto),
    [seen.length],
  )
  assert.equal(bob.of('error').length, 0)
  assert.equal(edge.core.holds.conversations, 1, 'the private one is left')
})

test('who is added while online is told of the conversation and sees the change that added it', () => {
  const { cluster, edge } = world()
  const group = cluster.create('g1', 'alice', 'carol')
  cluster.post(group, 'alice')
  const [alice, bob] = [edge.hello('alice'), edge.hello('bob')]
  edge.run()
  alice.send({
    t: 'members',
    cseq: 1 as never,
    conversation: group.id,
    message_id: new Uint8Array(16).fill(7),
    add: ['bob' as UserId],
    remove: [],
  })
  edge.run()
  cluster.post(group, 'alice')
  edge.run()
  const told = bob.of('conversation').find(({ info }) => info.conversation === 'g1')!
  assert.equal(told.info.head, 1, 'as it was before')
  assert.deepEqual(bob.seqs('g1'), [2, 3])
  assert.ok(bob.contiguous('g1'))
})

test('removed and added again at once: the end of the one and the beginning of the other, in order', () => {
  const { cluster, edge } = world()
  const group = cluster.create('g1', 'alice', 'bob', 'carol')
  const [alice, bob] = [edge.hello('alice'), edge.hello('bob')]
  edge.run()
  const change = (cseq: number, add: string[], remove: string[]) => ({
    t: 'members' as const,
    cseq: cseq as never,
    conversation: group.id,
    message_id: new Uint8Array(16).fill(cseq),
    add: add as UserId[],
    remove: remove as UserId[],
  })
  alice.send(change(1, [], ['bob']), change(2, ['bob'], []))
  edge.run()
  cluster.post(group, 'alice')
  edge.run()
  assert.deepEqual(
    bob.seqs('g1').filter((seq) => seq > 1),
    [2, 3],
  )
  const kinds = bob.frames.filter((frame) => ['removed', 'conversation'].includes(frame.t)).map(({ t }) => t)
  assert.deepEqual(kinds.slice(-2), ['removed', 'conversation'])
})

test('receipts reach the others and the user’s own devices, whose unread count they clear', () => {
  const { cluster, conversation, edge } = world()
  for (let i = 0; i < 3; i++) cluster.post(conversation, 'alice')
  const [alice, phone, laptop] = [edge.hello('alice'), edge.hello('bob'), edge.hello('bob')]
  edge.run()
  phone.send({ t: 'receipt', conversation: conversation.id, delivered: 3 as Seq, read: 2 as Seq })
  edge.run()
  for (const client of [alice, phone, laptop]) {
    assert.deepEqual(
      client.of('receipts').map(({ user, delivered, read }) => [user, delivered, read]),
      [['bob', 3, 2]],
    )
  }
})

test('receipts in any order, doubled or late, end in the same state, with few requests', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 30 }), (values) => {
      const { cluster, conversation, edge } = world()
      for (let i = 0; i < 20; i++) cluster.post(conversation, 'alice')
      const bob = edge.hello('bob')
      edge.run()
      for (const [delivered, read] of values) {
        bob.send({ t: 'receipt', conversation: conversation.id, delivered: delivered as Seq, read: read as Seq })
      }
      edge.run()
      const read = Math.max(...values.map(([, value]) => value))
      const delivered = Math.max(read, ...values.map(([value]) => value))
      const stored = conversation.cursors.get('bob' as UserId) ?? { delivered: 0, read: 0 }
      assert.deepEqual(stored, { delivered, read })
      assert.ok(cluster.node('n1').served.mark! <= 2, 'put together while one is under way')
    }),
    { numRuns: 50 },
  )
})

test('typing and presence reach the other members, not their own user', () => {
  const { conversation, edge } = world()
  const [alice, bob] = [edge.hello('alice'), edge.hello('bob')]
  edge.run()
  alice.send({ t: 'typing', conversation: conversation.id, on: true })
  edge.run()
  assert.deepEqual(
    bob.of('typing_event').map(({ user, on }) => [user, on]),
    [['alice', true]],
  )
  assert.equal(alice.of('typing_event').length, 0)
  edge.core.frames(
    N1,
    [{ t: 'present', conversation: conversation.id, user: 'alice' as UserId, online: false }],
    edge.now,
  )
  assert.deepEqual(
    bob
      .of('presence')
      .filter(({ user }) => user === 'alice')
      .map(({ online }) => online)
      .at(-1),
    false,
  )
  const late = edge.hello('bob')
  edge.run()
  assert.equal(late.of('presence').filter(({ user }) => user === 'bob').length, 0)
})

// --- the property -----------------------------------------------------------------------------------------------------

type Step =
  | { readonly do: 'post' | 'drain' | 'leave' | 'outcomes' | 'gap' }
  | {
      readonly do: 'join'
      readonly user: 'alice' | 'bob'
      readonly cursor: number | undefined
      readonly quick: boolean
    }
  | { readonly do: 'to' | 'from'; readonly node: NodeId; readonly count: number }
  | { readonly do: 'move' | 'cut' | 'link'; readonly node: NodeId }
  | { readonly do: 'pass'; readonly ms: number }

const node = fc.constantFrom(N1, N2)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('post' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('drain' as const, 'leave' as const, 'gap' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('outcomes' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('join' as const),
      user: fc.constantFrom('alice' as const, 'bob' as const),
      cursor: fc.option(fc.nat(40), { nil: undefined }),
      quick: fc.boolean(),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constantFrom('to' as const, 'from' as const),
      node,
      count: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('move' as const, 'cut' as const, 'link' as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 400 }) }) },
)

interface Joined {
  readonly client: TestClient
  /** From where it must see everything; known when it was told. */
  readonly cursor: number | undefined
  readonly headAtJoin: number
}

function play(steps: readonly Step[]): { joined: Joined[]; head: number } {
  const cluster = new ModelCluster('n1', 'n2')
  const conversation = cluster.create(C, 'alice', 'bob')
  // Small pages and portions, so that a few messages exercise all of them.
  const edge = new TestEdge(cluster, {
    config: { portionBytesMax: 200, catchUpBytesLow: 300, recentCountMax: 3 },
  })
  const joined: Joined[] = []
  for (const next of steps) {
    switch (next.do) {
      case 'post':
        cluster.post(conversation, 'alice')
        break
      case 'gap': {
        // A fan-out is lost, as when an owner took the slot and gave it back.
        const out = edge.links.get(N1)?.out
        const at = out?.findIndex(({ t }) => t === 'fanout') ?? -1
        if (at >= 0 && out!.slice(at + 1).some(({ t }) => t === 'fanout')) out!.splice(at, 1)
        break
      }
      case 'drain':
        for (const { client } of joined) client.drain()
        break
      case 'leave': {
        const leaver = joined.find(({ client }) => edge.clients.has(client))
        leaver?.client.disconnect()
        break
      }
      case 'outcomes':
        edge.outcomes()
        break
      case 'join': {
        const headAtJoin = conversation.messages.length
        const cursor = next.cursor === undefined ? undefined : Math.min(next.cursor, headAtJoin)
        const client = edge.hello(next.user, cursor === undefined ? {} : { [C]: cursor })
        client.quick = next.quick
        joined.push({ client, cursor, headAtJoin })
        break
      }
      case 'to':
        edge.toNodeStep(next.node, next.count)
        break
      case 'from':
        edge.fromNodeStep(next.node, next.count)
        break
      case 'move':
        cluster.move(SLOT, next.node)
        edge.core.hintsChanged(new Map([[SLOT, next.node]]), edge.now)
        break
      case 'cut':
        edge.cut(next.node)
        break
      case 'link':
        edge.link(next.node)
        break
      case 'pass':
        edge.now = (edge.now + next.ms) as never
        edge.core.tick(edge.now)
        break
    }
  }
  for (const id of cluster.nodes.keys()) edge.link(id)
  for (const { client } of joined) client.quick = true
  edge.run().pass(40_000, 500)
  return { joined, head: conversation.messages.length }
}

function assertEachSeesAllOnceInOrder({ joined, head }: { joined: Joined[]; head: number }): void {
  for (const { client, cursor, headAtJoin } of joined) {
    const stays = !client.session.closed
    const told = client.of('conversation')[0]?.info.head
    const seen = client.seqs(C)
    if (told === undefined) {
      assert.ok(!stays, 'a session that stays is told of its conversation')
      continue
    }
    assert.ok(told >= headAtJoin)
    const from = cursor ?? told
    assert.deepEqual(seen, numbers(from + 1, stays ? head : from + seen.length))
    assert.ok(client.contiguous(C))
    assert.equal(client.closedWith, undefined)
  }
}

test('whatever gaps, owner changes and slow sockets: each session sees (cursor, head] once, in order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      assertEachSeesAllOnceInOrder(play(steps))
    }),
    { numRuns: 400 },
  )
})
