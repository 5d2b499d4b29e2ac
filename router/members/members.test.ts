import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NodeId, Slot } from '@chat4all/protocol'
import { inProcessMembers } from './in-process.js'
import type { Member } from './port.js'
import { parseMembers, staticMembers } from './static.js'

const member = (node: string): Member => ({ node: node as NodeId, address: node, weight: 1 })
const soon = () => new Promise(setImmediate)

describe('members of one process', () => {
  test('a watcher hears of the members there are, and of each that comes and goes', async () => {
    const members = inProcessMembers()
    await members.join(member('a'))
    const seen: string[] = []
    const stop = members.watch((now) => seen.push(now.map(({ node }) => node).join()))
    assert.deepEqual(seen, [], 'nobody is called inside watch')
    await soon()
    await members.join(member('b'))
    await soon()
    await members.leave('a' as NodeId)
    await soon()
    stop()
    await members.leave('b' as NodeId)
    await soon()
    assert.deepEqual(seen, ['a', 'a,b', 'b'])
  })

  test('hints name the last node that said it owns a slot, and none that has left', async () => {
    const members = inProcessMembers()
    const [a, b] = ['a', 'b'] as NodeId[] as [NodeId, NodeId]
    await members.join(member('a'))
    await members.join(member('b'))
    let owners: ReadonlyMap<Slot, NodeId> = new Map()
    members.watchHints((now) => {
      owners = now
    })
    members.hint(a, [1, 2, 3] as Slot[])
    members.hint(b, [3, 4] as Slot[])
    await soon()
    assert.deepEqual(Object.fromEntries(owners), { 1: 'a', 2: 'a', 3: 'b', 4: 'b' })
    members.hint(a, [1] as Slot[])
    await soon()
    assert.deepEqual(Object.fromEntries(owners), { 1: 'a', 3: 'b', 4: 'b' })
    await members.leave(b)
    await soon()
    assert.deepEqual(Object.fromEntries(owners), { 1: 'a' })
  })
})

describe('a fixed list of members', () => {
  test('all are told at once, whether they live or not', async () => {
    const members = staticMembers(parseMembers('node-1@10.0.0.1:7070, node-2@[::1]:7071'))
    await members.join(member('node-1'))
    let seen: readonly Member[] = []
    members.watch((now) => {
      seen = now
    })
    await soon()
    assert.deepEqual(seen, [
      { node: 'node-1', address: '10.0.0.1:7070', weight: 1 },
      { node: 'node-2', address: '[::1]:7071', weight: 1 },
    ])
  })

  test('a node that is not in the list cannot join', async () => {
    await assert.rejects(
      staticMembers(parseMembers('a@h:1')).join(member('b')),
      /b is not in the list of members \(a\)/,
    )
  })

  for (const [text, fault] of [
    ['', /'' is not node@host:port/],
    ['node-1', /'node-1' is not node@host:port/],
    ['a@host:0', /'a@host:0' is not/],
    ['a@host:65536', /is not/],
    ['a b@host:1', /is not/],
    ['a@h:1,a@h:2', /node 'a' is listed twice/],
    ['a@h:1,b@h:1', /'b' and 'a' have the same address h:1/],
  ] as const) {
    test(`'${text}' is refused with the reason`, () => assert.throws(() => parseMembers(text), fault))
  }
})
