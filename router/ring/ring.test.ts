import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type NodeId, SLOTS } from '@chat4all/protocol'
import fc from 'fast-check'
import type { Member } from '../members/port.js'
import { desiredOwners } from './ring.js'

const PINNED_FIRST = 'node-2 node-3 node-1 node-3 node-3 node-2 node-3 node-3'.split(' ')
const PINNED_DIGEST = '5a2361637a3e42547b720c651d6d6542ad72410b5fa5d31477193fce379bd1a3'

const member = (node: string, weight = 1): Member => ({ node: node as NodeId, address: `${node}:1`, weight })
const nodeNames = fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/), { minLength: 1, maxLength: 12 })

function slotsOf(owners: readonly (NodeId | undefined)[]): Map<NodeId | undefined, number> {
  const counts = new Map<NodeId | undefined, number>()
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  return counts
}

test('every process places the slots alike', () => {
  // A pinned placement: it fails when hashring, its options or the keys change, which would move slots in a cluster
  // that is upgraded node by node.
  const owners = desiredOwners([member('node-1'), member('node-2'), member('node-3', 2)])
  assert.deepEqual(owners.slice(0, 8), PINNED_FIRST)
  assert.equal(createHash('sha256').update(owners.join()).digest('hex'), PINNED_DIGEST)
})

test('without members, or with none that has weight, no slot has an owner', () => {
  assert.deepEqual(desiredOwners([]), new Array(SLOTS).fill(undefined))
  assert.deepEqual(desiredOwners([member('a', 0)]), new Array(SLOTS).fill(undefined))
})

test('a member of weight 0 gets nothing', () => {
  assert.deepEqual(desiredOwners([member('a'), member('b', 0)]), desiredOwners([member('a')]))
})

test('the order of the members does not matter', () => {
  fc.assert(
    fc.property(
      nodeNames.chain((names) => fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length }))),
      ([names, shuffled]) => {
        assert.deepEqual(
          desiredOwners(shuffled.map((name) => member(name))),
          desiredOwners(names.map((name) => member(name))),
        )
      },
    ),
    { numRuns: 30 },
  )
})

test('a new member takes about its share, and only to itself', () => {
  fc.assert(
    fc.property(nodeNames, fc.constantFrom(1, 2), (names, weight) => {
      const [added, ...others] = names as [string, ...string[]]
      const before = desiredOwners(others.map((name) => member(name)))
      const after = desiredOwners([...others.map((name) => member(name)), member(added, weight)])
      const moved = after.filter((owner, slot) => owner !== before[slot])
      assert.deepEqual(new Set(moved), new Set([added]), 'a slot moved between old members')
      const share = (SLOTS * weight) / (others.length + weight)
      assert.ok(moved.length > share * 0.6 && moved.length < share * 1.5, `${moved.length} moved, share ${share}`)
    }),
    // How far from its share is chance: always the same names, or once in a while some are further.
    { numRuns: 30, seed: 1 },
  )
})

test('slots are balanced by weight', () => {
  const owners = slotsOf(desiredOwners(Array.from({ length: 8 }, (_, i) => member(`node-${i}`))))
  for (const [node, count] of owners) assert.ok(count > 128 * 0.7 && count < 128 * 1.3, `${node}: ${count} slots`)

  const weighted = slotsOf(desiredOwners([member('light'), member('heavy', 3)]))
  const ratio = weighted.get('heavy' as NodeId)! / weighted.get('light' as NodeId)!
  assert.ok(ratio > 2.3 && ratio < 3.9, `weight 3 has ${ratio} times the slots of weight 1`)
})
