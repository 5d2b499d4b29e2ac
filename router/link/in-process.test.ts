import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, EdgeId, EdgeLinkFrame, NodeId, NodeLinkFrame, UserId } from '@chat4all/protocol'
import { inProcessLinks } from './in-process.js'
import { linkContract, Recorder } from './link-contract.js'
import type { Link } from './port.js'

linkContract('in process', (edge, node) => {
  const links = inProcessLinks()
  return { dialer: links.dialer(edge), listener: links.listener(node) }
})

test('in process, what many callbacks of one turn send comes in one call, as the link says', async () => {
  const links = inProcessLinks()
  const node = 'node-1' as NodeId
  const atNode = new Recorder<EdgeLinkFrame>()
  let toEdge: Link<NodeLinkFrame> | undefined
  const { address } = await links.listener(node).listen((_edge, link) => {
    toEdge = link
    return atNode
  })
  const toNode = await links.dialer('edge-1' as EdgeId).dial(node, address, new Recorder<NodeLinkFrame>())
  const send = (id: number): void =>
    toNode.send([{ t: 'enumerate', id, app: 'demo' as AppId, user: 'alice' as UserId }])
  send(0)
  queueMicrotask(() => send(1))
  process.nextTick(() => send(2))
  await atNode.until(3)
  assert.equal(atNode.batches, 1)
  assert.equal(toEdge?.wholeTurns, true)
})
