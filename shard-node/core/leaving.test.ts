import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Epoch, LogId, Millis, NodeId, Offset } from '@chat4all/protocol'
import { SLOTS } from '@chat4all/protocol'
import { SHARD_DEFAULTS } from './index.js'
import { acked, NODE, only, open, post, SLOT, World } from './testing/world.js'

const OTHER = 'n2' as NodeId

const NOTED = { t: 'noted', slot: SLOT, epoch: 1 as Epoch } as const

/** A world of which one slot is wanted by another node, which has been told where the slot ends. */
function announcing(): World {
  const world = new World()
  world.send(open())
  world.send({ t: 'want', slot: SLOT, epoch: 1 as Epoch, node: OTHER })
  // The view catches up.
  until(world, 'ends')
  return world
}

/** … and offered to it; it does not take it. */
function offering(): World {
  const world = announcing()
  world.send(NOTED)
  until(world, 'consent')
  world.calls.length = 0
  return world
}

/** What is under way commits, and reaches the view. Returns the one frame of this kind. */
function until<Kind extends 'ends' | 'consent'>(world: World, kind: Kind) {
  for (let ticks = 0; ticks < 100 && only(world.frames, kind).length === 0; ticks++) pass(world, 50)
  const frames = only(world.frames, kind)
  assert.equal(frames.length, 1)
  return frames[0]!
}

function pass(world: World, ms: number): void {
  world.now = (world.now + ms) as Millis
  world.core.tick(world.now)
  world.run()
}

/** The slot belongs to a log whose node is gone, and the ring gives it to this one. */
function loseOwner(world: World): void {
  world.rows[SLOT] = { slot: SLOT, epoch: 9 as Epoch, log: 'n2.1' as LogId, node: OTHER }
  world.core.membersChanged([NODE], new Array(SLOTS).fill(NODE), world.now)
  world.run()
}

test('a slot is served until the other has noted where it ends, and consented to as announced if nothing came', () => {
  const world = announcing()
  const { end } = until(world, 'ends')
  assert.equal(acked(world.send(post(1))).length, 1)
  const silent = announcing()
  silent.send(NOTED)
  assert.equal(until(silent, 'consent').end, end)
})

test('what came after the announcement is announced too, and the consent speaks of all of it', () => {
  const world = announcing()
  const { end } = until(world, 'ends')
  world.holdAppends = true
  world.send(post(1))
  world.send(NOTED)
  // It is held from here on, and waits for what came before.
  assert.equal(acked(world.send(post(2))).length, 0)
  assert.equal(only(world.frames, 'consent').length, 0)
  world.releaseAppends()
  const again = until(world, 'ends')
  assert.ok(again.end > end)
  assert.equal(until(world, 'consent').end, again.end)
})

test('who asks again just before the announcement is too old gets as much time as the first time', () => {
  const world = announcing()
  const asked = { t: 'want', slot: SLOT, epoch: 1 as Epoch, node: OTHER } as const
  pass(world, SHARD_DEFAULTS.wantMs - 100)
  world.frames.length = 0
  world.send(asked)
  assert.equal(only(world.frames, 'ends').length, 1)
  // It takes a while to note that.
  pass(world, 200)
  world.send(NOTED)
  until(world, 'consent')
})

test('a word for another epoch holds nothing', () => {
  const world = announcing()
  world.send({ ...NOTED, epoch: 2 as Epoch })
  assert.equal(acked(world.send(post(1))).length, 1)
})

test('a node that drains takes back what nobody took, so that it is served meanwhile', () => {
  const world = offering()
  world.core.drain()
  pass(world, SHARD_DEFAULTS.offerMs + 1)
  assert.ok(world.calls.includes('claim'))
  assert.equal(world.core.serving.length, SLOTS)
})

test('a node whose time to drain is over claims nothing, not even its own offers', () => {
  const world = offering()
  world.core.drain()
  world.core.retire()
  pass(world, SHARD_DEFAULTS.offerMs + 1)
  pass(world, SHARD_DEFAULTS.readSlotsMs + 1)
  assert.ok(!world.calls.includes('claim'))
})

test('a node that drains takes no slot of a dead log, whatever the ring says', () => {
  for (const drains of [false, true]) {
    const world = new World()
    if (drains) world.core.drain()
    world.calls.length = 0
    loseOwner(world)
    assert.equal(world.calls.includes('claim'), !drains)
  }
})

test('a slot that its owner took back meanwhile is noted as soon as it is announced for its new epoch', () => {
  const world = new World()
  const row = (epoch: number) => ({ slot: SLOT, epoch: epoch as Epoch, log: 'n2.1' as LogId, node: OTHER })
  world.rows[SLOT] = row(9)
  world.core.membersChanged([NODE, OTHER], new Array(SLOTS).fill(NODE), world.now)
  world.run()
  const told = () => world.calls.filter((call) => call === 'tell-node').length
  pass(world, SHARD_DEFAULTS.membersStableMs + 1)
  assert.equal(told(), 1)
  world.rows[SLOT] = row(10)
  const { node: _, ...of } = row(10)
  world.core.peerFrames(OTHER, [{ t: 'ends', ...of, end: 7 as Offset }], world.now)
  world.run()
  assert.equal(told(), 2)
  world.core.peerFrames(OTHER, [{ t: 'consent', ...of, end: 7 as Offset }], world.now)
  world.run()
  assert.equal(world.rows[SLOT]?.node, NODE)
})
