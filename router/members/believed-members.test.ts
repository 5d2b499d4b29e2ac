import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '@chat4all/protocol'
import { type Belief, BelievedMembers, DOUBT_MS, FAULT_MS, type SeenMember } from './believed-members.js'

const seen = (name: string, state: SeenMember['state'] = 'passing', weight = 1): SeenMember => ({
  node: name as NodeId,
  address: `${name}:1`,
  weight,
  state,
})
const names = ({ members }: Belief) => members.map(({ node }) => node).join(' ')

test('members that pass are believed, with the weight of now; one that expires is believed dead at once', () => {
  const believed = new BelievedMembers()
  assert.equal(names(believed.update([seen('b'), seen('a'), seen('c', 'expired')], 0)), 'a b')
  const belief = believed.update([seen('a', 'passing', 0), seen('b', 'expired')], 1)
  assert.deepEqual(belief, { members: [{ node: 'a', address: 'a:1', weight: 0 }], again: undefined })
})

test('what expired while Consul was away counts as dead only when it is still so some seconds later', () => {
  const believed = new BelievedMembers()
  believed.update([seen('a'), seen('b'), seen('c')], 0)
  believed.doubt(10_000)
  const doubted = believed.update([seen('a'), seen('b', 'expired')], 10_001)
  assert.equal(names(doubted), 'a b c')
  assert.equal(doubted.again, 10_000 + DOUBT_MS)
  assert.equal(names(believed.update([seen('a'), seen('b')], 10_000 + DOUBT_MS)), 'a b')
})

test('when all say that they cannot commit, the store is away and nobody loses anything', () => {
  const believed = new BelievedMembers()
  believed.update([seen('a'), seen('b')], 0)
  const away = believed.update([seen('a', 'faulty'), seen('b', 'faulty')], 1_000)
  assert.equal(names(away), 'a b')
  assert.equal(away.again, undefined)
  // One hears of the store's return before the other.
  assert.equal(names(believed.update([seen('a'), seen('b', 'faulty')], 60_000)), 'a b')
  assert.equal(names(believed.update([seen('a'), seen('b')], 60_000 + FAULT_MS)), 'a b')
})

test('a member that alone cannot commit loses its slots after a while, and comes back when it can', () => {
  const believed = new BelievedMembers()
  believed.update([seen('a'), seen('b')], 0)
  const doubted = believed.update([seen('a'), seen('b', 'faulty')], 1_000)
  assert.equal(names(doubted), 'a b')
  assert.equal(doubted.again, 1_000 + FAULT_MS)
  assert.equal(names(believed.update([seen('a'), seen('b', 'faulty')], 1_000 + FAULT_MS)), 'a')
  assert.equal(names(believed.update([seen('a'), seen('b', 'faulty')], 90_000)), 'a')
  assert.equal(names(believed.update([seen('a'), seen('b')], 90_001)), 'a b')
})

test('a member that is met as one that cannot commit has its time too: a node that comes then would seal its log', () => {
  const believed = new BelievedMembers()
  const met = believed.update([seen('a', 'faulty'), seen('b')], 0)
  assert.equal(names(met), 'a b')
  assert.equal(names(believed.update([seen('a', 'faulty'), seen('b')], met.again!)), 'b')
  assert.equal(names(believed.update([seen('a', 'faulty'), seen('b')], met.again! + 1)), 'b')
})
