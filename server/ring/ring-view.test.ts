import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Epoch, LogId, NodeId, Offset, Slot, SlotRow } from '@chat4all/protocol'
import { inProcessMembers, type Member } from '@chat4all/router'
import { ringView, ringViewer } from './ring-view.js'

const member = (node: string, weight = 1): Member => ({ node: node as NodeId, address: `${node}:7000`, weight })
const row = (slot: number, node: string, log: string, epoch = 1): SlotRow => ({
  slot: slot as Slot,
  epoch: epoch as Epoch,
  log: log as LogId,
  node: node as NodeId,
})
const logs = { cursors: async (log: LogId) => ({ materialised: log.length as Offset, published: 1 as Offset }) }
const slotsOf = (rows: SlotRow[]) => ({ read: async () => rows })

test('nodes that are alive and nodes that only rows speak of, with what they have and should have', async () => {
  const rows = [row(0, 'b', 'b.1', 3), row(1, 'b', 'b.2'), row(2, 'b', 'b.2'), row(3, 'gone', 'gone.1')]
  const view = await ringView([member('b'), member('a')], { slots: slotsOf(rows), logs })
  assert.deepEqual(
    view.nodes.map(({ node, alive, address, slots }) => [node, alive, address, slots]),
    [
      ['a', true, 'a:7000', 0],
      ['b', true, 'b:7000', 3],
      ['gone', false, undefined, 1],
    ],
  )
  assert.deepEqual(view.owners.slice(0, 5), [1, 1, 1, 2, -1])
  assert.deepEqual(view.epochs.slice(0, 5), [3, 1, 1, 1, 0])
  assert.deepEqual(
    view.nodes[1]!.logs.map(({ log, slots, materialised }) => [log, slots, materialised]),
    [
      ['b.2', 2, 3],
      ['b.1', 1, 3],
    ],
  )
  const [a, b] = view.nodes
  assert.equal(a!.wanted + b!.wanted, 1024)
  assert.ok(a!.wanted > 300 && b!.wanted > 300)
  assert.ok(view.desired.every((index) => index === 0 || index === 1))
})

test('nobody should have anything when no member has weight', async () => {
  const { desired } = await ringView([member('a', 0)], { slots: slotsOf([]), logs })
  assert.ok(desired.every((index) => index === -1))
})

test('many look, one reads; after a failure the next one reads again', async () => {
  const members = inProcessMembers()
  await members.join(member('a'))
  let reads = 0
  let broken = true
  const slots = {
    read: async () => {
      reads++
      if (broken) throw new Error('away')
      return []
    },
  }
  const viewer = ringViewer(members, { slots, logs })
  await assert.rejects(viewer.view(), /away/)
  broken = false
  const [one, other] = await Promise.all([viewer.view(), viewer.view()])
  assert.equal(one, other)
  assert.equal(reads, 2)
  assert.deepEqual(
    one.nodes.map(({ node }) => node),
    ['a'],
  )
  viewer.stop()
  await members.close()
})
