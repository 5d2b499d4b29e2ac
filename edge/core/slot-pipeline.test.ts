import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AppId,
  type ConversationId,
  type EdgeLinkFrame,
  type Millis,
  message,
  type NodeId,
  Reader,
  type Seq,
  slotOf,
  type UserId,
} from '@chat4all/protocol'
import fc from 'fast-check'
import { EDGE_DEFAULTS, type EdgeConfig } from './config.js'
import { Pipelines } from './pipelines.js'
import { ALL_RULES, type EdgeRules } from './rules.js'
import type { Request, RequestOwner } from './slot-pipeline.js'
import { ModelCluster, type ModelLink, textPayload } from './testing/owner-model.js'
import { type EdgeWorld, NO_EVENTS } from './world.js'

const APP = 'demo' as AppId
const ALICE = 'alice' as UserId
/** Two conversations of one slot, so that one can overtake the other on the way back. */
const [FIRST, SECOND] = sameSlot()
const SLOT = slotOf(FIRST)

function sameSlot(): [ConversationId, ConversationId] {
  const bySlot = new Map<number, ConversationId>()
  for (let i = 0; ; i++) {
    const id = `c${i}` as ConversationId
    const other = bySlot.get(slotOf(id))
    if (other !== undefined) return [other, id]
    bySlot.set(slotOf(id), id)
  }
}

/** The pipelines between a sender and modelled nodes; frames move when the test says so. */
class Line implements RequestOwner {
  readonly cluster = new ModelCluster('n1', 'n2')
  readonly pipelines: Pipelines
  readonly links = new Map<NodeId, ModelLink>()
  readonly toNode = new Map<NodeId, EdgeLinkFrame[]>()
  readonly submitted = new Map<ConversationId, string[]>([
    [FIRST, []],
    [SECOND, []],
  ])
  readonly acks = new Map<string, Seq>()
  readonly doubled: string[] = []
  readonly attemptsSeen: number[] = []
  now = 1_000 as Millis
  private count = 0

  constructor(config: Partial<EdgeConfig> = {}, rules: EdgeRules = ALL_RULES) {
    this.cluster.create(FIRST, 'alice', 'bob')
    this.cluster.create(SECOND, 'alice', 'bob')
    const world = {
      send: (node: NodeId, frames: EdgeLinkFrame[]) => this.toNode.get(node)?.push(...frames),
      random: () => 0.5,
    } as EdgeWorld
    this.pipelines = new Pipelines({ ...EDGE_DEFAULTS, ...config }, rules, world, NO_EVENTS)
    this.pipelines.routes.desire(this.cluster.owners)
    for (const node of this.cluster.nodes.keys()) this.link(node)
  }

  link(node: NodeId): void {
    if (this.links.has(node)) return
    this.links.set(node, this.cluster.node(node).connect('e1'))
    this.toNode.set(node, [])
    this.pipelines.linkOpened(node, this.now)
  }

  cut(node: NodeId): void {
    const link = this.links.get(node)
    if (link === undefined) return
    this.cluster.node(node).disconnect(link)
    this.links.delete(node)
    this.toNode.delete(node)
    this.pipelines.linkClosed(node, this.now)
  }

  post(conversation: ConversationId, bytes = 8): Request | undefined {
    const name = `m${++this.count}`
    const id = new Uint8Array(16)
    new DataView(id.buffer).setUint32(12, this.count)
    const payload = textPayload(name.padEnd(bytes, '.'))
    const request = this.pipelines.submit(
      { t: 'post', app: APP, conversation, message_id: id, from: ALICE, payload },
      this,
      this.count,
      this.now,
    )
    if (request !== undefined) this.submitted.get(conversation)!.push(name)
    return request
  }

  acked(request: Request, seq: Seq): void {
    const name = `m${request.tag}`
    if (this.acks.has(name)) this.doubled.push(name)
    this.acks.set(name, seq)
  }
  replied(): void {}
  refused(): void {}

  toNodeStep(node: NodeId, count: number): boolean {
    this.pipelines.flush()
    const link = this.links.get(node)
    const frames = this.toNode.get(node)?.splice(0, count) ?? []
    if (link === undefined || frames.length === 0) return false
    this.cluster.node(node).receive(link, frames)
    return true
  }

  fromNodeStep(node: NodeId, count: number): boolean {
    const frames = this.links.get(node)?.out.splice(0, count) ?? []
    for (const frame of frames) this.pipelines.frame(node, frame, this.now)
    return frames.length > 0
  }

  /** A node is heard to own the slot. */
  hint(node: NodeId): void {
    this.pipelines.ownersHeardOf(this.pipelines.routes.hint(new Map([[SLOT, node]])), this.now)
  }

  pass(ms: number): void {
    this.now = (this.now + ms) as Millis
    this.pipelines.tick(this.now)
  }

  /** Faults end; everything that is on its way arrives. */
  settle(): void {
    for (const node of this.cluster.nodes.values()) {
      node.busy = false
      node.bounceAfter = undefined
      for (const id of [...node.loading.keys()]) node.loaded(id)
      this.link(node.id)
    }
    for (let quiet = 0; quiet < 3; ) {
      let moved = false
      for (const node of this.cluster.nodes.keys()) {
        moved = this.toNodeStep(node, Number.POSITIVE_INFINITY) || moved
        moved = this.fromNodeStep(node, Number.POSITIVE_INFINITY) || moved
      }
      if (!moved) quiet++
      else quiet = 0
      this.pass(5_000)
    }
  }

  stored(conversation: ConversationId): string[] {
    return this.cluster.conversations.get(conversation)!.messages.map((bytes) => {
      const { payload } = message.read(new Reader(bytes!))
      return payload.type === 'text' ? payload.text.replace(/\.+$/, '') : payload.type
    })
  }
}

const N1 = 'n1' as NodeId
const N2 = 'n2' as NodeId
const ALL = Number.POSITIVE_INFINITY

type Step =
  | { readonly do: 'post'; readonly to: ConversationId }
  | { readonly do: 'to' | 'from'; readonly node: NodeId; readonly count: number }
  | { readonly do: 'bounce' | 'busy' | 'idle' | 'cut' | 'link'; readonly node: NodeId }
  | { readonly do: 'move' | 'hint'; readonly node: NodeId }
  | { readonly do: 'load' | 'loaded'; readonly node: NodeId; readonly conversation: ConversationId }
  | { readonly do: 'pass'; readonly ms: number }

const node = fc.constantFrom(N1, N2)
const conversation = fc.constantFrom(FIRST, SECOND)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('post' as const), to: conversation }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('to' as const, 'from' as const),
      node,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('bounce' as const, 'busy' as const, 'idle' as const, 'cut' as const, 'link' as const),
      node,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('move' as const, 'hint' as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('load' as const, 'loaded' as const), node, conversation }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 200 }) }) },
)

function play(line: Line, steps: readonly Step[]): void {
  for (const next of steps) {
    switch (next.do) {
      case 'post':
        line.post(next.to)
        break
      case 'to':
        line.toNodeStep(next.node, next.count)
        break
      case 'from':
        line.fromNodeStep(next.node, next.count)
        break
      case 'bounce':
        line.cluster.node(next.node).bounceAfter = 1
        break
      case 'busy':
      case 'idle':
        line.cluster.node(next.node).busy = next.do === 'busy'
        break
      case 'cut':
        line.cut(next.node)
        break
      case 'link':
        line.link(next.node)
        break
      case 'hint':
        line.hint(next.node)
        break
      case 'move':
        line.cluster.move(SLOT, next.node)
        break
      case 'load':
        if (!line.cluster.node(next.node).loading.has(next.conversation)) {
          line.cluster.node(next.node).loading.set(next.conversation, [])
        }
        break
      case 'loaded':
        line.cluster.node(next.node).loaded(next.conversation)
        break
      case 'pass':
        line.pass(next.ms)
        break
    }
  }
  line.settle()
}

function assertInOrderOnce(line: Line): void {
  for (const [id, names] of line.submitted) {
    assert.deepEqual(line.stored(id), names, `stored in ${id}`)
    names.forEach((name, i) => {
      assert.equal(line.acks.get(name), i + 1, `seq of ${name}`)
    })
  }
  assert.deepEqual(line.doubled, [], 'answered twice')
}

test('whatever is bounced, lost or overtaken, each message is stored once, in the order submitted', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const line = new Line()
      play(line, steps)
      assertInOrderOnce(line)
      assert.equal(line.pipelines.unansweredCount, 0)
    }),
    { numRuns: 1_000 },
  )
})

test('without go-back-N the same property fails: the test can see a reordering', () => {
  const found = fc.check(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const line = new Line({}, { ...ALL_RULES, goBackN: false })
      play(line, steps)
      assertInOrderOnce(line)
    }),
    { numRuns: 1_000 },
  )
  assert.equal(found.failed, true)
})

test('of 32 pipelined posts the third is bounced as busy: all 32 get seqs in the order sent', () => {
  const line = new Line()
  line.cluster.node('n1').bounceAfter = 2
  for (let i = 0; i < 32; i++) line.post(FIRST)
  line.settle()
  assertInOrderOnce(line)
})

test('the link is cut after the third of 32 pipelined posts arrived: all 32 get seqs in the order sent', () => {
  const line = new Line()
  for (let i = 0; i < 32; i++) line.post(FIRST)
  line.toNodeStep(N1, 3)
  line.cut(N1)
  line.cluster.move(SLOT, 'n2')
  line.settle()
  assertInOrderOnce(line)
})

test('what is sent again says so, so that a new owner looks the message_ids up', () => {
  const line = new Line()
  line.post(FIRST)
  line.toNodeStep(N1, ALL)
  line.cut(N1)
  line.cluster.move(SLOT, 'n2')
  line.settle()
  assert.deepEqual(line.stored(FIRST), ['m1'], 'committed by the old owner, found by the new one')
  assert.equal(line.acks.get('m1'), 1)
})

test('a bounce that names the owner is followed at once, one that does not after a pause', () => {
  const line = new Line()
  line.cluster.owners.fill(N2)
  line.post(FIRST)
  line.toNodeStep(N1, ALL)
  line.fromNodeStep(N1, ALL)
  assert.equal(line.toNodeStep(N2, ALL), true, 'the named owner has it without time passing')

  line.cluster.node('n2').busy = true
  line.post(FIRST)
  line.toNodeStep(N2, ALL)
  line.fromNodeStep(N2, ALL)
  assert.equal(line.toNodeStep(N2, ALL), false, 'paused')
  line.cluster.node('n2').busy = false
  line.pass(5_000)
  assert.equal(line.toNodeStep(N2, ALL), true)
})

test('two nodes that name each other are not asked in a loop without a pause', () => {
  const line = new Line()
  line.post(FIRST)
  let asked = 0
  for (let i = 0; i < 50; i++) {
    for (const [by, other] of [
      [N1, N2],
      [N2, N1],
    ] as const) {
      line.pipelines.flush()
      const frames = line.toNode.get(by)!.splice(0)
      for (const frame of frames) {
        if (frame.t !== 'post') continue
        asked++
        const { slot, attempt, n } = frame
        line.pipelines.frame(
          by,
          { t: 'bounce', slot, attempt, n, reason: 'not_owner', retry_after: 0, owner: other, epoch: 1 as never },
          line.now,
        )
      }
    }
  }
  assert.ok(asked <= 5, `${asked} tries without time passing`)
})

test('a bounce of an attempt that is over changes nothing', () => {
  const line = new Line()
  line.post(FIRST)
  line.toNodeStep(N1, ALL)
  const bounce = { t: 'bounce', slot: SLOT, n: 1, reason: 'busy', retry_after: 0 } as const
  line.pipelines.frame(N1, { ...bounce, attempt: 0 }, line.now)
  line.fromNodeStep(N1, ALL)
  assert.equal(line.acks.get('m1'), 1)
  assert.equal(line.toNodeStep(N1, ALL), false, 'nothing was sent again')
})

test('a pipeline holds 4 MB, then answers BUSY; room comes back with the answers', () => {
  const line = new Line({ pipelineBytesMax: 10_000 })
  let taken = 0
  while (line.post(FIRST, 1_000) !== undefined) taken++
  assert.equal(taken, 8)
  line.settle()
  assert.notEqual(line.post(FIRST, 1_000), undefined)
  line.settle()
  assertInOrderOnce(line)
})

test('all pipelines together have a bound as well', () => {
  const line = new Line({ unansweredBytesMax: 3_000, pipelineBytesMax: 10_000 })
  assert.notEqual(line.post(FIRST, 2_000), undefined)
  assert.equal(line.post(SECOND, 2_000), undefined)
})

test('with no node linked requests wait, and go out with the first link', () => {
  const line = new Line()
  line.cut(N1)
  line.cut(N2)
  line.post(FIRST)
  line.pass(10_000)
  line.link(N1)
  assert.equal(line.toNodeStep(N1, ALL), true)
  line.settle()
  assertInOrderOnce(line)
})

test('an owner that is lost while a pipeline pauses after its bounce has forgotten the subscriptions', () => {
  const line = new Line()
  const lost: number[] = []
  line.pipelines.onSubscriptionsLost = (slot) => lost.push(slot)
  const owner = N1
  line.cluster.node(owner).busy = true
  line.post(FIRST)
  line.toNodeStep(owner, ALL)
  line.fromNodeStep(owner, ALL)
  line.cut(owner)
  line.link(owner)
  line.settle()
  assert.deepEqual(lost, [SLOT])
  assertInOrderOnce(line)
})

test('an abandoned request is answered to nobody; one that was not sent never is', () => {
  const line = new Line()
  const sent = line.post(FIRST)!
  line.pipelines.flush()
  line.pipelines.abandon(sent)
  line.settle()
  assert.equal(line.acks.size, 0)
  assert.deepEqual(line.stored(FIRST), ['m1'])

  line.cut(N1)
  line.cut(N2)
  line.pipelines.abandon(line.post(FIRST)!)
  line.post(FIRST)
  line.settle()
  assert.deepEqual(line.stored(FIRST), ['m1', 'm3'])
  assert.equal(line.pipelines.unansweredCount, 0)
})

test('what waits for an owner goes to the node that says it is, without waiting for the end of the pause', () => {
  const line = new Line()
  line.cut(N1)
  line.post(FIRST)
  // Nobody else owns the slot yet: pauses grow.
  for (let i = 0; i < 12; i++) {
    line.toNodeStep(N2, ALL)
    line.fromNodeStep(N2, ALL)
    line.pass(2_000)
  }
  line.toNodeStep(N2, ALL)
  line.fromNodeStep(N2, ALL)
  line.cluster.move(SLOT, N2)
  line.hint(N2)
  line.toNodeStep(N2, ALL)
  line.fromNodeStep(N2, ALL)
  assert.deepEqual([...line.acks], [['m1', 1]])
})
