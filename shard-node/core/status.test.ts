import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRORS, type LogId, type Millis, type RequestFrame, type Seq, type UserId } from '@chat4all/protocol'
import { SHARD_DEFAULTS, ShardNodeCore } from './index.js'
import { ALICE, at, BOB, EVE, idOf, NODE, only, open, post, refused, World } from './testing/world.js'

const mark = (user: UserId, delivered: number, read: number): RequestFrame => ({
  t: 'mark',
  ...at(),
  user,
  delivered: delivered as Seq,
  read: read as Seq,
})
const status = (number: number, user?: UserId): RequestFrame => ({
  t: 'status',
  ...at(),
  message_id: idOf(number),
  ...(user !== undefined && { user }),
})

function statusOf(world: World, number: number) {
  const [reply] = only(world.send(status(number)), 'reply')
  assert.equal(reply?.answer.type, 'status')
  return reply.answer
}

/** Bob has the first message since 1100 and has read it since 1200; the second he has since 1300. */
function conversation(): World {
  return conversationAt(1100, 1200, 1300)
}

function conversationAt(...[first, second, third]: [number, number, number]): World {
  const world = new World()
  const after = (ms: number, ...frames: RequestFrame[]) => {
    world.now = ms as Millis
    world.send(...frames)
  }
  after(1000, open(), post(1), post(2), post(3))
  after(first, mark(BOB, 1, 0))
  after(second, mark(BOB, 1, 1))
  after(third, mark(BOB, 2, 1))
  return world
}

test('who has a message, since when: of all members but its sender', () => {
  const world = conversation()
  assert.deepEqual(statusOf(world, 1).receipts, [{ user: BOB, delivered: 1100, read: 1200 }])
  assert.deepEqual(statusOf(world, 2).receipts, [{ user: BOB, delivered: 1300 }])
  assert.deepEqual(statusOf(world, 3).receipts, [{ user: BOB }])
  assert.equal(statusOf(world, 2).message.seq, 2)
})

test('what the view does not have yet is remembered until it does', () => {
  // Sooner than the core hands anything to the view.
  const world = conversationAt(1010, 1020, 1030)
  world.risesInView = 0
  assert.ok(!world.calls.includes('apply'))
  assert.deepEqual(statusOf(world, 1).receipts, [{ user: BOB, delivered: 1010, read: 1020 }])
  assert.deepEqual(statusOf(world, 2).receipts, [{ user: BOB, delivered: 1030 }])
  world.now = 2000 as Millis
  world.send(post(4))
  assert.ok(world.calls.includes('apply'))
  world.risesInView = 3
  assert.deepEqual(statusOf(world, 2).receipts, [{ user: BOB, delivered: 1030 }])
})

test('the next owner knows the same, from the log', () => {
  const world = conversation()
  world.core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE })
  world.begin('log-2' as LogId, ['log-1' as LogId])
  assert.deepEqual(statusOf(world, 1).receipts, [{ user: BOB, delivered: 1100, read: 1200 }])
  assert.deepEqual(statusOf(world, 2).receipts, [{ user: BOB, delivered: 1300 }])
})

test('a receipt whose time is not known any more is one still', () => {
  const world = conversation()
  world.core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE })
  world.begin('log-2' as LogId, ['log-1' as LogId])
  world.risesInView = 0
  assert.deepEqual(statusOf(world, 1).receipts, [{ user: BOB, delivered: 0, read: 0 }])
})

test('strangers, and those who ask for what was never said, are told NOT_FOUND', () => {
  const world = conversation()
  assert.deepEqual(refused(world.send(status(1, EVE))), [ERRORS.NOT_FOUND.wire])
  assert.deepEqual(refused(world.send(status(9))), [ERRORS.NOT_FOUND.wire])
  assert.equal(only(world.send(status(1, ALICE)), 'reply').length, 1)
})
