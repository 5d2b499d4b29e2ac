import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Epoch, LogId, Millis, NodeId } from '@chat4all/protocol'
import { SLOTS } from '@chat4all/protocol'
import { SHARD_DEFAULTS } from './index.js'
import { NODE, only, open, SLOT, World } from './testing/world.js'

const OTHER = 'n2' as NodeId

/** A world of which one slot is offered to another node, which does not take it. */
function offering(): World {
  const world = new World()
  world.send(open())
  world.send({ t: 'want', slot: SLOT, epoch: 1 as Epoch, node: OTHER })
  // The view catches up, what is under way commits.
  for (let ticks = 0; ticks < 100 && only(world.frames, 'consent').length === 0; ticks++) pass(world, 50)
  assert.equal(only(world.frames, 'consent').length, 1)
  world.calls.length = 0
  return world
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
