import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Epoch, type NodeId, SLOTS, type Slot } from '@chat4all/protocol'
import { Routes } from './routes.js'

const SLOT = 7 as Slot
const [A, B, C] = ['a', 'b', 'c'] as NodeId[] as [NodeId, NodeId, NodeId]
const epoch = (n: number) => n as Epoch

test('what was told goes before what was hinted, and that before what the ring desires', () => {
  const routes = new Routes()
  routes.desire(new Array(SLOTS).fill(A))
  assert.equal(routes.target(SLOT, 0, [A, B, C]), A)
  routes.hint(new Map([[SLOT, B]]))
  assert.equal(routes.target(SLOT, 0, [A, B, C]), B)
  routes.correct(SLOT, B, C, epoch(3))
  assert.equal(routes.target(SLOT, 0, [A, B, C]), C)
})

test('a correction of an older epoch is ignored', () => {
  const routes = new Routes()
  routes.correct(SLOT, A, C, epoch(5))
  routes.correct(SLOT, A, B, epoch(4))
  assert.equal(routes.target(SLOT, 0, [A, B, C]), C)
  routes.correct(SLOT, A, B, epoch(6))
  assert.equal(routes.target(SLOT, 0, [A, B, C]), B)
})

test('a node that denies owning a slot, and knows no other, is not believed to own it', () => {
  const routes = new Routes()
  routes.desire(new Array(SLOTS).fill(A))
  routes.correct(SLOT, A, B, epoch(1))
  routes.correct(SLOT, B, undefined, undefined)
  assert.equal(routes.target(SLOT, 0, [A, B, C]), A)
})

test('a hint that changes is news; the same hint again is not', () => {
  const routes = new Routes()
  assert.deepEqual(routes.hint(new Map([[SLOT, A]])), [SLOT])
  routes.correct(SLOT, A, B, epoch(2))
  assert.deepEqual(routes.hint(new Map([[SLOT, A]])), [])
  assert.equal(routes.target(SLOT, 0, [A, B]), B)
  assert.deepEqual(routes.hint(new Map([[SLOT, C]])), [SLOT])
  assert.equal(routes.target(SLOT, 0, [A, B, C]), C)
})

test('when the best guess fails again and again, every linked node is asked in turn', () => {
  const routes = new Routes()
  routes.hint(new Map([[SLOT, 'gone' as NodeId]]))
  const asked = new Set(Array.from({ length: 12 }, (_, tries) => routes.target(SLOT, tries, [A, B, C])))
  for (const node of [A, B, C]) assert.ok(asked.has(node), `${node} was never asked`)
})
