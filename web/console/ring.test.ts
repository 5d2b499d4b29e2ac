import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movesBetween, type Ring, stateOf } from './ring.js'

function ring(names: string, owners: number[], desired = owners, dead = ''): Ring {
  const nodes = [...names].map((node) => ({
    node,
    alive: !dead.includes(node),
    weight: 1,
    slots: 0,
    wanted: 0,
    logs: [],
  }))
  return { at: 5, nodes, owners, desired, epochs: owners.map(() => 1) }
}

test('moves are told by node, also when the list of nodes has changed', () => {
  const before = ring('ac', [0, 0, 1, -1])
  const after = ring('abc', [1, 1, 2, 0])
  assert.deepEqual(movesBetween(before, after), [
    { at: 5, from: 'a', to: 'b', slots: 2 },
    { at: 5, from: 'nobody', to: 'a', slots: 1 },
  ])
  assert.deepEqual(movesBetween(after, after), [])
})

test('the state names what an operator has to know first', () => {
  assert.deepEqual(stateOf(ring('ab', [0, 1])), { text: 'every slot is where the ring wants it', good: true })
  assert.deepEqual(stateOf(ring('ab', [0, 0], [0, 1])), {
    text: '1 slots are on their way to another node',
    good: true,
  })
  assert.deepEqual(stateOf(ring('ab', [0, 1], [0, 0], 'b')), { text: '1 slots have no living owner', good: false })
  assert.deepEqual(stateOf(ring('a', [0, -1])), { text: '1 slots have no living owner', good: false })
})
