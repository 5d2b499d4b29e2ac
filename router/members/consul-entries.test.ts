import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId, Slot } from '@chat4all/protocol'
import { memberSeen, ownersOf, type ServiceEntry, weightsOf } from './consul-entries.js'

const said = (node: string, slots: string, ModifyIndex: number) => ({
  Key: `c/slots/${node}`,
  Value: JSON.stringify({ node, count: 0, slots }),
  ModifyIndex,
})
const alive = (...nodes: string[]) => new Set(nodes as NodeId[])

test('of two nodes that name one slot, the one that said so last has it; the dead have none', () => {
  const found = [said('a', '0-3', 9), said('b', '3-5', 5), said('c', '0-9', 12)]
  const owners = ownersOf(found, alive('a', 'b'))
  assert.deepEqual([...owners].map(([slot, node]) => `${slot}${node}`).sort(), ['0a', '1a', '2a', '3a', '4b', '5b'])
})

test('what somebody broke in Consul’s UI counts as nothing', () => {
  const broken = [
    { Key: 'c/slots/a', Value: 'broken', ModifyIndex: 1 },
    { Key: 'c/slots/b', Value: null, ModifyIndex: 2 },
    { Key: 'c/slots/c', Value: '{"node":"a","slots":"0-5000"}', ModifyIndex: 3 },
  ]
  assert.equal(ownersOf(broken, alive('a')).get(2_000 as Slot), undefined)
  const weights = weightsOf(
    ['0', ' 1.5 ', '', '-1', 'x', '1e9'].map((Value, i) => ({ Key: `w/n${i}`, Value, ModifyIndex: 1 })),
    'w/',
  )
  assert.deepEqual(
    [...weights],
    [
      ['n0', 0],
      ['n1', 1.5],
    ],
  )
})

test('a node that drains itself does so whatever weight an operator gave it; one that is faulty says why itself', () => {
  const entry = (meta: Record<string, string>, ...outputs: string[]): ServiceEntry => ({
    Service: { ID: 's.a', Address: '::1', Port: 7, Meta: { node: 'a', ...meta } },
    Checks: outputs.map((Output) => ({ Status: 'critical', Output })),
  })
  const seen = (one: ServiceEntry, weight = 3) => memberSeen(one, new Map([['a', weight]]), 'cannot commit: ')
  assert.deepEqual(seen(entry({})), { node: 'a', address: '[::1]:7', weight: 3, state: 'passing' })
  assert.equal(seen(entry({ draining: 'true' })).weight, 0)
  assert.equal(seen(entry({}, 'cannot commit: x')).state, 'faulty')
  assert.equal(seen(entry({}, 'TTL expired (last output before timeout follows): cannot commit: x')).state, 'expired')
  assert.equal(seen(entry({}, 'cannot commit: x', 'agent not live')).state, 'expired')
})
