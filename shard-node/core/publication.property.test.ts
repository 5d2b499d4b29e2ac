import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AppId,
  type ConversationId,
  type LogId,
  logRecord,
  type Millis,
  type Offset,
  Reader,
  type Seq,
  Writer,
} from '@chat4all/protocol'
import {
  ALL_PUBLICATION_RULES,
  droppableBelow,
  PUBLICATION_DEFAULTS,
  Publication,
  type PublicationCursors,
  type PublicationEffect,
  type PublicationRules,
} from './index.js'

// Whole histories: nodes that take slots from each other, die, wake up deposed; a stream that fails with unknown outcome
// and where what failed may still arrive. What comes out is read as a consumer reads it: seq at or below the last: drop.

const SLOTS = 8
const NODES = 3

test('every committed message reaches the consumer once and in order, whoever owned, died or published', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { problem, delivered } = history(seed, ALL_PUBLICATION_RULES)
    assert.equal(problem, undefined, `seed ${seed}: ${problem}`)
    assert.ok(delivered > 50, `seed ${seed}: only ${delivered} messages`)
  }
})

for (const [bug, rule] of [
  ['own records published before the tail of the log they follow', 'followedFirst'],
  ['the cursor saved before the stream has confirmed', 'saveAfterPublish'],
  ['entries dropped before they are published', 'keepUntilPublished'],
] as const) {
  test(`planted bug, seen by the same histories: ${bug}`, () => {
    const seen = seeds().filter(
      (seed) => history(seed, { ...ALL_PUBLICATION_RULES, [rule]: false }).problem !== undefined,
    )
    assert.ok(seen.length > 0, `none of ${SEEDS} seeds shows it`)
  })
}

const SEEDS = 150

function seeds(): number[] {
  return Array.from({ length: SEEDS }, (_, index) => index + 1)
}

interface Log {
  readonly entries: Uint8Array[]
  dropped: number
  sealed: boolean
  end: number | undefined
  published: number
  materialised: number
}

interface Node {
  log: LogId
  publication: Publication
}

function history(
  seed: number,
  rules: PublicationRules,
): { readonly problem: string | undefined; readonly delivered: number } {
  const world = new World(seed, rules)
  world.run(400)
  world.settle()
  return world.verdict()
}

class World {
  private readonly random: () => number
  private readonly rules: PublicationRules
  private readonly logs = new Map<LogId, Log>()
  private readonly nodes: (Node | undefined)[] = []
  private readonly owner: (LogId | undefined)[] = []
  private readonly heads: number[] = new Array(SLOTS).fill(0)
  /** What Kafka has, in its order. */
  private readonly stream: { readonly slot: number; readonly seq: number }[] = []
  /** Operations under way, and batches of which nobody expects any more that they arrive. */
  private pending: { readonly node: Node | undefined; readonly run: () => void }[] = []
  private now = 1_000_000
  private incarnations = 0
  private faults = true
  private problem: string | undefined

  constructor(seed: number, rules: PublicationRules) {
    this.random = generator(seed)
    this.rules = rules
    for (let index = 0; index < NODES; index++) this.nodes[index] = this.born()
    for (let slot = 0; slot < SLOTS; slot++) this.owner[slot] = this.anyNode()!.log
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.now += this.below(40)
      const dice = this.below(100)
      if (dice < 45) this.say(this.below(SLOTS))
      else if (dice < 53) this.handOver(this.below(SLOTS))
      else if (dice < 55) this.crash(this.below(NODES))
      else if (dice < 57) this.depose(this.below(NODES))
      else if (dice < 62) this.reviveAndRecover()
      else if (dice < 65) this.sweep()
      else if (dice < 70) this.materialiseAndDrop()
      else this.turn()
    }
  }

  settle(): void {
    this.faults = false
    this.reviveAndRecover()
    for (let round = 0; round < 3_000; round++) {
      this.now += 50
      if (round % 40 === 0) this.sweep()
      this.turn()
      if (this.pending.length === 0 && this.nodes.every((node) => node!.publication.settled) && round > 600) return
    }
    this.problem ??= 'it does not settle'
  }

  verdict(): { problem: string | undefined; delivered: number } {
    const last: number[] = new Array(SLOTS).fill(0)
    for (const { slot, seq } of this.stream) {
      if (seq <= last[slot]!) continue
      if (seq !== last[slot]! + 1) this.problem ??= `slot ${slot}: ${seq} comes after ${last[slot]}`
      last[slot] = seq
    }
    for (let slot = 0; slot < SLOTS; slot++) {
      if (last[slot] !== this.heads[slot]) this.problem ??= `slot ${slot}: ${last[slot]} of ${this.heads[slot]} arrived`
    }
    return { problem: this.problem, delivered: last.reduce((sum, seq) => sum + seq, 0) }
  }

  // --- what nodes do -------------------------------------------------------------------------------------------------

  private born(): Node {
    const log = `n.${++this.incarnations}` as LogId
    this.logs.set(log, { entries: [], dropped: 0, sealed: false, end: undefined, published: 0, materialised: 0 })
    const config = { ...PUBLICATION_DEFAULTS, name: log, batchBytesMax: 100, readEntriesMax: 1 + this.below(5) }
    const publication = new Publication({ ...config, patienceMs: 1_000 }, this.rules)
    publication.start(log, 0 as Offset, this.now as Millis)
    return { log, publication }
  }

  private say(slot: number): void {
    const log = this.owner[slot]!
    if (this.logs.get(log)!.sealed || !this.nodes.some((node) => node?.log === log)) return
    const count = 1 + this.below(3)
    const writer = new Writer()
    for (let index = 0; index < count; index++) writeMessage(writer, slot, ++this.heads[slot]!)
    this.append(log, writer.take())
  }

  private append(log: LogId, entry: Uint8Array): void {
    const state = this.logs.get(log)!
    state.entries.push(entry)
    const node = this.nodes.find((some) => some?.log === log)
    node?.publication.committed(log, state.entries.length as Offset, this.now as Millis)
  }

  private take(slot: number, node: Node): void {
    const from = this.owner[slot]!
    const writer = new Writer()
    // The note may stand anywhere in its entry.
    const other = this.owner.indexOf(node.log)
    if (other >= 0 && this.below(2) === 0) writeMessage(writer, other, ++this.heads[other]!)
    logRecord.write(writer, { type: 'follows', log: from, end: this.logs.get(from)!.entries.length as Offset })
    this.append(node.log, writer.take())
    this.owner[slot] = node.log
  }

  private handOver(slot: number): void {
    const from = this.owner[slot]!
    const to = this.anyNode()
    if (to === undefined || to.log === from || this.logs.get(from)!.sealed) return
    if (this.nodes.some((node) => node?.log === from)) this.take(slot, to)
  }

  private crash(index: number): void {
    const dead = this.nodes[index]
    if (dead === undefined || this.nodes.filter((node) => node !== undefined).length === 1) return
    this.nodes[index] = undefined
    // What it had sent may arrive; nobody is there to hear of the outcome.
    this.pending = this.pending.filter(({ node }) => node !== dead || this.below(2) === 0)
  }

  /** Sealed while it lives: its publisher does not know yet, and goes on for a while. */
  private depose(index: number): void {
    const node = this.nodes[index]
    if (node === undefined || this.nodes.filter((some) => some !== undefined).length === 1) return
    const old = node.log
    this.logs.get(old)!.sealed = true
    node.log = `n.${++this.incarnations}` as LogId
    this.logs.set(node.log, { entries: [], dropped: 0, sealed: false, end: undefined, published: 0, materialised: 0 })
    node.publication.start(node.log, 0 as Offset, this.now as Millis)
  }

  private reviveAndRecover(): void {
    for (let index = 0; index < NODES; index++) this.nodes[index] ??= this.born()
    for (const [log, state] of this.logs) {
      if (this.nodes.some((node) => node!.log === log)) continue
      state.sealed = true
      state.end ??= state.entries.length
      state.materialised = state.end
      if (this.below(2) === 0) this.anyNode()!.publication.logEnded(log, state.end as Offset, this.now as Millis)
      for (let slot = 0; slot < SLOTS; slot++) if (this.owner[slot] === log) this.take(slot, this.anyNode()!)
    }
  }

  private sweep(): void {
    for (const [log, { end, published }] of this.logs) {
      if (end === undefined || published >= end) continue
      this.anyNode()?.publication.logEnded(log, end as Offset, this.now as Millis)
    }
  }

  private materialiseAndDrop(): void {
    for (const state of this.logs.values()) {
      state.materialised += this.below(state.entries.length - state.materialised + 1)
      const below = droppableBelow(state.materialised as Offset, [state.published as Offset], this.rules)
      state.dropped = Math.max(state.dropped, below)
    }
  }

  // --- the world around them -----------------------------------------------------------------------------------------

  private turn(): void {
    for (const node of this.nodes) {
      if (node === undefined) continue
      node.publication.tick(this.now as Millis)
      this.collect(node)
    }
    const due = this.pending.length === 0 ? 0 : 1 + this.below(this.pending.length)
    for (let index = 0; index < due; index++) {
      const [operation] = this.pending.splice(this.below(this.pending.length), 1)
      operation!.run()
      const { node } = operation!
      if (node !== undefined) this.collect(node)
    }
  }

  private collect(node: Node): void {
    for (const effect of node.publication.takeEffects()) this.perform(node, effect)
  }

  private perform(node: Node, effect: PublicationEffect): void {
    const { publication } = node
    const fails = this.faults && this.below(10) === 0
    const log = 'log' in effect ? this.logs.get(effect.log)! : undefined
    // A dead node hears nothing.
    const isThere = () => this.nodes.includes(node)
    const soon = (run: () => void) => this.pending.push({ node, run })
    switch (effect.type) {
      case 'skipped':
        this.problem ??= `${effect.log} was skipped from ${effect.from} to ${effect.to}`
        return
      case 'read-log':
        return void soon(() => {
          if (!isThere()) return
          if (fails) return publication.failed(effect.op, this.now as Millis)
          const { from, limit } = effect
          const entries = from < log!.dropped ? [] : log!.entries.slice(from, from + limit)
          publication.entriesRead(effect.op, entries, this.now as Millis)
        })
      case 'read-cursors':
        return void soon(() => {
          if (!isThere()) return
          if (fails) return publication.failed(effect.op, this.now as Millis)
          const { published, materialised, sealed: ended } = log!
          publication.cursorsRead(
            effect.op,
            { published, materialised, ended } as PublicationCursors,
            this.now as Millis,
          )
        })
      case 'save-published':
        return void soon(() => {
          if (!fails || this.below(2) === 0) log!.published = Math.max(log!.published, effect.cursor)
          if (!isThere()) return
          if (fails) publication.cursorNotSaved(effect.log)
          else publication.cursorSaved(effect.log, effect.cursor, this.now as Millis)
        })
      case 'publish': {
        const arrive = () => {
          for (const { record } of effect.records) this.arrived(record)
        }
        return void soon(() => {
          // What failed may have arrived, may never arrive, or later, as a whole.
          const fate = fails ? this.below(3) : 0
          if (fate === 0) arrive()
          else if (fate === 1) this.pending.push({ node: undefined, run: arrive })
          if (!isThere()) return
          if (fails) publication.failed(effect.op, this.now as Millis)
          else publication.publishedAll(effect.op, this.now as Millis)
        })
      }
    }
  }

  private arrived(bytes: Uint8Array): void {
    const record = logRecord.read(new Reader(bytes))
    if (record.type !== 'messages') return
    const slot = Number(record.conversation.slice(1))
    for (let index = 0; index < record.count; index++) this.stream.push({ slot, seq: record.first + index })
  }

  private anyNode(): Node | undefined {
    const alive = this.nodes.filter((node) => node !== undefined)
    return alive[this.below(alive.length)]
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit)
  }
}

function writeMessage(writer: Writer, slot: number, seq: number): void {
  logRecord.write(writer, {
    type: 'messages',
    conversation: `c${slot}` as ConversationId,
    app: 'demo' as AppId,
    first: seq as Seq,
    count: 1,
    messages: new Uint8Array(20),
  })
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed * 0x9e3779b9
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
