import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { AppId, ConversationId, EdgeId, EdgeLinkFrame, NodeId, NodeLinkFrame, UserId } from '@chat4all/protocol'
import fc from 'fast-check'
import type { Link, LinkDialer, LinkHandler, LinkListener } from './port.js'

/** What both kinds of links promise. Each adapter's test calls this with a way to make one edge's and one node's side. */
export function linkContract(
  name: string,
  make: (edge: EdgeId, node: NodeId) => { dialer: LinkDialer; listener: LinkListener },
): void {
  const edge = 'edge-1' as EdgeId
  const node = 'node-1' as NodeId

  describe(`links: ${name}`, () => {
    let dialer: LinkDialer
    let listener: LinkListener
    beforeEach(() => {
      const made = make(edge, node)
      dialer = made.dialer
      listener = made.listener
    })
    afterEach(async () => {
      await dialer.close()
      await listener.close()
    })

    async function join(): Promise<{ atEdge: Recorder<NodeLinkFrame>; atNode: Recorder<EdgeLinkFrame> } & Joined> {
      const atNode = new Recorder<EdgeLinkFrame>()
      const atEdge = new Recorder<NodeLinkFrame>()
      let toEdge: Link<NodeLinkFrame> | undefined
      const { address } = await listener.listen((from, link) => {
        assert.equal(from, edge)
        toEdge = link
        return atNode
      })
      const toNode = await dialer.dial(node, address, atEdge)
      return { atEdge, atNode, toNode, toEdge: toEdge! }
    }

    test('frames arrive in order in both directions, whatever the batches', async () => {
      const { atEdge, atNode, toNode, toEdge } = await join()
      const script = fc.sample(fc.tuple(fc.boolean(), fc.nat(40), fc.boolean()), { numRuns: 300, seed: 11 })
      let toNodeCount = 0
      let toEdgeCount = 0
      for (const [fromEdge, count, newTurn] of script) {
        if (fromEdge) toNode.send(Array.from({ length: count }, () => question(toNodeCount++)))
        else toEdge.send(Array.from({ length: count }, () => fanout(toEdgeCount++, 100)))
        if (newTurn) await new Promise(setImmediate)
      }
      await atNode.until(toNodeCount)
      await atEdge.until(toEdgeCount)
      assert.deepEqual(
        atNode.received.map((frame) => frame.t === 'enumerate' && frame.id),
        Array.from({ length: toNodeCount }, (_, i) => i),
      )
      assert.deepEqual(
        atEdge.received.map((frame) => frame.t === 'fanout' && frame.upto),
        Array.from({ length: toEdgeCount }, (_, i) => i),
      )
    })

    test('what is sent in one turn arrives as one batch, in a later turn', async () => {
      const { atNode, toNode } = await join()
      toNode.send([question(0), question(1)])
      toNode.send([question(2)])
      assert.equal(atNode.batches, 0)
      await atNode.until(3)
      assert.equal(atNode.batches, 1)
    })

    test('large frames arrive whole', async () => {
      const { atEdge, toEdge } = await join()
      toEdge.send([fanout(0, 3_000_000), fanout(1, 0), fanout(2, 1_000_000)])
      await atEdge.until(3)
      const sizes = atEdge.received.map((frame) => frame.t === 'fanout' && frame.messages.length)
      assert.deepEqual(sizes, [3_000_000, 0, 1_000_000])
      const frame = atEdge.received[0]!
      assert.ok(frame.t === 'fanout' && frame.messages.every((byte, i) => byte === i % 251))
    })

    test('the node may answer while it accepts: the edge has the link before the first frame', async () => {
      const { address } = await listener.listen((_, link) => {
        link.send([fanout(0, 10), fanout(1, 10)])
        return new Recorder<EdgeLinkFrame>()
      })
      const atEdge = new Recorder<NodeLinkFrame>()
      await dialer.dial(node, address, atEdge)
      assert.equal(atEdge.batches, 0)
      await atEdge.until(2)
    })

    for (const side of ['toNode', 'toEdge'] as const) {
      test(`closing (${side}) tells both sides once, later, and nothing follows`, async () => {
        const joined = await join()
        const { atEdge, atNode, toNode, toEdge } = joined
        joined[side].close()
        joined[side].close()
        assert.deepEqual([atEdge.closings, atNode.closings], [[], []])
        toNode.send([question(0)])
        await Promise.all([atEdge.untilClosed(), atNode.untilClosed()])
        toNode.send([question(1)])
        toEdge.send([fanout(1, 1)])
        toEdge.close()
        toNode.close()
        await new Promise(setImmediate)
        await new Promise(setImmediate)
        const own = side === 'toNode' ? atEdge : atNode
        const other = side === 'toNode' ? atNode : atEdge
        assert.deepEqual(own.closings, ['closed by this side'])
        assert.deepEqual(other.closings, ['closed by the other side'])
        assert.deepEqual(own.received, [])
        assert.ok(!atNode.received.some((frame) => frame.t === 'enumerate' && frame.id === 1))
      })
    }

    test('closing inside a handler, by both sides at once, tells each once', async () => {
      const { atEdge, atNode, toNode, toEdge } = await join()
      atNode.onFrames = () => {
        toEdge.close()
        toNode.close()
      }
      toNode.send([question(0)])
      await Promise.all([atEdge.untilClosed(), atNode.untilClosed()])
      await new Promise(setImmediate)
      assert.deepEqual([atEdge.closings.length, atNode.closings.length], [1, 1])
    })

    test('frames sent before an orderly close arrive', async () => {
      const { atNode, toNode } = await join()
      toNode.send([question(0), question(1)])
      toNode.close()
      await atNode.untilClosed()
      assert.equal(atNode.received.length, 2)
    })

    test('a listener that closes ends its links and takes no more', async () => {
      const { atEdge, atNode } = await join()
      await listener.close()
      await Promise.all([atEdge.untilClosed(), atNode.untilClosed()])
      await assert.rejects(dialer.dial(node, 'node-1', atEdge), Error)
    })

    test('a dialer that closes ends its links and dials no more', async () => {
      const atNode = new Recorder<EdgeLinkFrame>()
      const atEdge = new Recorder<NodeLinkFrame>()
      const { address } = await listener.listen(() => atNode)
      await dialer.dial(node, address, atEdge)
      await dialer.close()
      await Promise.all([atEdge.untilClosed(), atNode.untilClosed()])
      await assert.rejects(dialer.dial(node, address, atEdge), /closed/)
    })

    test('dialing an address where another node listens, or nobody, fails and never calls the handler', async () => {
      const { address } = await listener.listen(() => new Recorder<EdgeLinkFrame>())
      const atEdge = new Recorder<NodeLinkFrame>()
      await assert.rejects(dialer.dial('node-2' as NodeId, address, atEdge), /node-[12]/)
      await listener.close()
      await assert.rejects(dialer.dial(node, address, atEdge), Error)
      await new Promise(setImmediate)
      assert.deepEqual([atEdge.received, atEdge.closings], [[], []])
    })
  })
}

interface Joined {
  readonly toNode: Link<EdgeLinkFrame>
  readonly toEdge: Link<NodeLinkFrame>
}

const question = (id: number): EdgeLinkFrame => ({ t: 'enumerate', id, app: 'demo' as AppId, user: 'alice' as UserId })

const fanout = (upto: number, bytes: number): NodeLinkFrame =>
  ({
    t: 'fanout',
    conversation: 'c1' as ConversationId,
    after: 0,
    upto,
    count: 1,
    messages: Uint8Array.from({ length: bytes }, (_, i) => i % 251),
  }) as NodeLinkFrame

/** Notes what a side of a link hears, and lets a test wait for it. */
export class Recorder<In> implements LinkHandler<In> {
  readonly received: In[] = []
  readonly closings: string[] = []
  batches = 0
  onFrames: (() => void) | undefined
  private readonly waiting: { readonly met: () => boolean; readonly resolve: () => void }[] = []

  frames(frames: readonly In[]): void {
    assert.deepEqual(this.closings, [], 'frames came after the end')
    this.batches++
    this.received.push(...frames)
    this.onFrames?.()
    this.wake()
  }

  closed(reason: string): void {
    this.closings.push(reason)
    this.wake()
  }

  /** Resolves when so many frames have come. */
  until(count: number): Promise<void> {
    return this.wait(() => this.received.length >= count)
  }

  untilClosed(): Promise<void> {
    return this.wait(() => this.closings.length > 0)
  }

  private wait(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve()
    return new Promise((resolve) => this.waiting.push({ met, resolve }))
  }

  private wake(): void {
    for (const waiter of this.waiting) if (waiter.met()) waiter.resolve()
  }
}
