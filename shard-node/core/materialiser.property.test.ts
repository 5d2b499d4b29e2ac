import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AppId,
  type ConversationId,
  type Millis,
  type Offset,
  type Seq,
  type Slot,
  slotOf,
} from '@chat4all/protocol'
import fc from 'fast-check'
import { Materialiser, type ViewWrite } from './materialiser.js'

// What is gathered, written in slices and written ahead for slots that leave, in any order: what the materialiser says
// that the view has, the view has.

const APP = 'demo' as AppId
const CONVERSATIONS = ['a', 'b', 'c', 'd', 'e', 'f'] as ConversationId[]
const SLOTS = [...new Set(CONVERSATIONS.map(slotOf))]

type Step =
  | { readonly type: 'commit'; readonly of: readonly number[] }
  | { readonly type: 'tick'; readonly ms: number; readonly force: boolean }
  | { readonly type: 'ahead'; readonly slots: readonly number[] }
  | { readonly type: 'outcome'; readonly which: number; readonly applied: boolean }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('commit' as const), of: fc.uniqueArray(fc.nat(5), { maxLength: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('tick' as const), ms: fc.nat(80), force: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('ahead' as const), slots: fc.uniqueArray(fc.nat(5)) }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('outcome' as const), which: fc.nat(3), applied: fc.boolean() }),
  },
)

class World {
  readonly materialiser = new Materialiser({ materialiseAfterMs: 200, materialiseBytes: 1_000 })
  now = 1_000 as Millis
  /** Of each entry, the seqs that it committed. */
  private readonly entries: Map<ConversationId, Seq>[] = []
  private readonly heads = new Map<ConversationId, Seq>()
  private readonly viewHeads = new Map<ConversationId, Seq>()
  private underWay: ViewWrite[] = []

  run(of: Step): void {
    switch (of.type) {
      case 'commit':
        return this.commit(of.of.map((index) => CONVERSATIONS[index]!))
      case 'tick':
        this.now = (this.now + of.ms) as Millis
        return this.begin(this.materialiser.next(this.now, of.force))
      case 'ahead':
        return this.begin(this.materialiser.nextOf(new Set(of.slots.map((index) => SLOTS[index % SLOTS.length]!))))
      case 'outcome':
        return this.end(of.which, of.applied)
    }
  }

  private commit(conversations: readonly ConversationId[]): void {
    const entry = new Map<ConversationId, Seq>()
    const offset = this.entries.length as Offset
    const set = this.materialiser.gather(offset, 100, this.now)
    for (const conversation of conversations) {
      const seq = ((this.heads.get(conversation) ?? 0) + 1) as Seq
      this.heads.set(conversation, seq)
      entry.set(conversation, seq)
      set.of(conversation, APP).messages(seq, new Uint8Array(1), [1], [new Uint8Array(16)], undefined)
    }
    this.entries.push(entry)
  }

  private begin(write: ViewWrite | undefined): void {
    if (write === undefined) return
    const busy = new Set(this.underWay.flatMap(({ changes }) => changes.map(({ conversation }) => conversation)))
    for (const { conversation } of write.changes) {
      assert.ok(!busy.has(conversation), `two writes of ${conversation}`)
    }
    this.underWay.push(write)
  }

  private end(which: number, applied: boolean): void {
    const write = this.underWay[which % Math.max(1, this.underWay.length)]
    if (write === undefined) return
    if (!applied) return assert.equal(this.materialiser.again(write.write), write)
    this.underWay = this.underWay.filter((other) => other !== write)
    for (const { conversation, messages } of write.changes) {
      assert.equal(messages!.firstSeq, (this.viewHeads.get(conversation) ?? 0) + 1, 'in order, and nothing left out')
      this.viewHeads.set(conversation, messages!.lastSeq)
    }
    this.materialiser.applied(write.write)
  }

  check(): void {
    for (const [offset, entry] of this.entries.entries()) {
      for (const [conversation, seq] of entry) {
        if ((this.viewHeads.get(conversation) ?? 0) >= seq) continue
        const below = (offset + 1) as Offset
        assert.ok(this.materialiser.materialised < below, `the cursor is past ${conversation} ${seq}`)
        assert.ok(
          !this.materialiser.has(slotOf(conversation) as Slot, below),
          `it says that it has ${conversation} ${seq}`,
        )
      }
    }
  }

  /** Everything arrives in the end. */
  finish(): void {
    for (let round = 0; round < 100 && this.materialiser.materialised < this.entries.length; round++) {
      while (this.underWay.length > 0) this.end(0, true)
      this.run({ type: 'tick', ms: 60, force: false })
    }
    assert.equal(this.materialiser.materialised, this.entries.length)
    assert.deepEqual(this.viewHeads, this.heads)
  }
}

test('the view has what the materialiser says that it has, and everything in the end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new World()
      for (const one of steps) {
        world.run(one)
        world.check()
      }
      world.finish()
    }),
    { numRuns: 500 },
  )
})
