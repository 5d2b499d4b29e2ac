import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EdgeLinkFrame, NodeId, NodeLinkFrame } from '@chat4all/protocol'
import type { Link, LinkDialer, LinkHandler, Member } from '@chat4all/router'
import { NodeLinks } from './node-links.js'
import { until } from './testing/live-edge.js'

class FakeDialer implements LinkDialer {
  readonly dialed: string[] = []
  readonly open = new Map<string, LinkHandler<NodeLinkFrame>>()
  unreachable = new Set<string>()

  async dial(node: NodeId, address: string, handler: LinkHandler<NodeLinkFrame>): Promise<Link<EdgeLinkFrame>> {
    this.dialed.push(`${node}@${address}`)
    if (this.unreachable.has(address)) throw new Error('connection refused')
    this.open.set(address, handler)
    return { bufferedBytes: 0, send() {}, close: () => this.cut(address, 'closed by this side') }
  }

  cut(address: string, reason = 'reset'): void {
    const handler = this.open.get(address)
    this.open.delete(address)
    handler?.closed(reason)
  }

  async close(): Promise<void> {
    for (const address of [...this.open.keys()]) this.cut(address)
  }
}

function links() {
  const dialer = new FakeDialer()
  const told: string[] = []
  const all = new NodeLinks({
    dialer,
    redialMsMin: 1,
    redialMsMax: 4,
    random: () => 0.5,
    handler: {
      opened: (node) => told.push(`opened ${node}`),
      frames: () => {},
      closed: (node) => told.push(`closed ${node}`),
      unreachable: (node) => told.push(`unreachable ${node}`),
    },
  })
  return { dialer, told, all }
}

const member = (node: string, address = node): Member => ({ node: node as NodeId, address, weight: 1 })

test('each member is dialed, again until it answers, and again when its link is lost', async () => {
  const { dialer, told, all } = links()
  dialer.unreachable.add('b')
  all.membersChanged([member('a'), member('b')])
  await until(() => told.filter((line) => line === 'unreachable b').length >= 3)
  dialer.unreachable.clear()
  await until(() => told.includes('opened b'))
  dialer.cut('a')
  await until(() => told.filter((line) => line === 'opened a').length === 2)
  assert.equal(told.filter((line) => line === 'closed a').length, 1)
  await all.close()
})

test('a node that is no member any more keeps its link while it stands, and is not dialed again', async () => {
  const { dialer, told, all } = links()
  all.membersChanged([member('a')])
  await until(() => told.includes('opened a'))
  all.membersChanged([])
  assert.deepEqual(told, ['opened a'])
  dialer.cut('a')
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(dialer.dialed, ['a@a'])
  await all.close()
})

test('a node that moved is dialed at its new address', async () => {
  const { dialer, told, all } = links()
  all.membersChanged([member('a', 'old')])
  await until(() => told.includes('opened a'))
  all.membersChanged([member('a', 'new')])
  await until(() => dialer.open.has('new'))
  assert.deepEqual(told, ['opened a', 'closed a', 'opened a'])
  assert.equal(dialer.open.has('old'), false)
  await all.close()
})

test('an unreachable node that moved, or left, is not dialed at its old address for ever', async () => {
  const { dialer, told, all } = links()
  dialer.unreachable.add('old')
  all.membersChanged([member('a', 'old'), member('b', 'old')])
  await until(() => told.length >= 2)
  all.membersChanged([member('a', 'new')])
  await until(() => told.includes('opened a'))
  const dialed = dialer.dialed.length
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(dialer.dialed.length, dialed)
  await all.close()
})
