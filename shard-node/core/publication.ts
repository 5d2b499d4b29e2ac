import type { LogId, Millis, Offset } from '@chat4all/protocol'
import { hasElapsed } from './elapsed.js'
import type { PublicationCursors, PublicationEffect } from './publication-effects.js'
import { type Demand, LogReading, PublicationLane } from './publication-lane.js'
import { ALL_PUBLICATION_RULES, type PublicationRules } from './publication-rules.js'

export interface PublicationConfig {
  /** Told apart from others that publish the same log: they do not all begin at once. */
  readonly name: string
  readonly batchBytesMax: number
  readonly batchRecordsMax: number
  readonly readEntriesMax: number
  /** What the own log gets within this time after a publish goes into one: a publish costs more than its records. */
  readonly gatherMs: number
  /** How long the publisher of another log that lives may be silent before its log is published here … */
  readonly patienceMs: number
  /** … and how long at most whoever else could publish a log that ended. */
  readonly patienceEndedMs: number
  /** Where another is seen to go on, or to live though its log had to be published here before, it is given this long. */
  readonly patienceSeenMs: number
  readonly pollMsMin: number
  readonly pollMsMax: number
  readonly retryMsMin: number
  readonly retryMsMax: number
  readonly saveMs: number
  /** Logs whose end waits to be looked after; more than that are found again by the sweep. */
  readonly endedMax: number
}

export const PUBLICATION_DEFAULTS: Omit<PublicationConfig, 'name'> = {
  batchBytesMax: 512 * 1024,
  batchRecordsMax: 2_000,
  readEntriesMax: 512,
  gatherMs: 50,
  patienceMs: 10_000,
  patienceEndedMs: 500,
  patienceSeenMs: 2_000,
  pollMsMin: 25,
  pollMsMax: 1_000,
  retryMsMin: 50,
  retryMsMax: 5_000,
  saveMs: 250,
  endedMax: 1_000,
}

/** Logs of which it is remembered how far they are published; what is forgotten is asked for again. */
const REMEMBERED_MAX = 10_000

type Operation =
  | { readonly type: 'read'; readonly id: number; readonly lane: PublicationLane; readonly reading: LogReading }
  | { readonly type: 'look'; readonly id: number; readonly lane: PublicationLane; readonly reading: LogReading }
  | { readonly type: 'demand'; readonly id: number; readonly lane: PublicationLane; readonly demand: Demand }
  | {
      readonly type: 'publish'
      readonly id: number
      readonly lane: PublicationLane
      readonly reading: LogReading
      readonly next: Offset
      readonly at: number
    }

interface Cursor {
  at: Offset
  saved: Offset
  saving: boolean
  savedAt: Millis
}

/**
 * Publishes what is committed to one event stream, at least once and in the order of each conversation, whoever owned
 * it when (docs/decisions/0041). Events in by method, effects out by {@link takeEffects}; it holds one batch and the
 * entries read for it, however far the stream is behind.
 *
 * The accident it prevents: a message seen by consumers before one with a lower seq, which they then take for seen and
 * drop. So a log that follows another (record `follows`) goes on only when that one is published up to where it says.
 * Mostly somebody else does that: its owner, or another that recovered it. Who waits in vain does it itself, and needs to
 * know nothing of the other: what lies below the noted end is committed.
 */
export class Publication {
  private readonly config: PublicationConfig
  private readonly rules: PublicationRules
  private effects: PublicationEffect[] = []
  /** The own log, and what it follows. */
  private own = new PublicationLane()
  private ownReading: LogReading | undefined
  /** Logs that ended here or elsewhere, one after the other. */
  private readonly others = new PublicationLane()
  private readonly ended = new Map<LogId, Offset>()
  /** Logs of others that had to be published here. */
  private readonly adopted = new Set<LogId>()
  private turn: 'own' | 'others' = 'own'
  private operation: Operation | undefined
  private nextOperation = 1
  private publishedAt = 0 as Millis
  /** In a row. */
  private readFailures = 0
  private publishFailures = 0
  /** How far logs are published, as far as is known here. */
  private readonly published = new Map<LogId, Offset>()
  /** Cursors that are to be saved here. */
  private readonly cursors = new Map<LogId, Cursor>()

  constructor(config: PublicationConfig, rules: PublicationRules = ALL_PUBLICATION_RULES) {
    this.config = config
    this.rules = rules
  }

  /** Committed entries of the own log that are not published. */
  get lagEntries(): number {
    return this.ownReading === undefined ? 0 : this.ownReading.end - this.ownReading.next
  }

  /** How far the own log is published. */
  get ownPublished(): Offset {
    return this.ownReading?.next ?? (0 as Offset)
  }

  /** All that is committed is published, and that is saved. */
  get settled(): boolean {
    const reading = this.ownReading
    if (reading === undefined) return true
    return reading.done && (this.cursors.get(reading.log)?.saved ?? 0) >= reading.next
  }

  /**
   * A new incarnation: its log, from `from` on. The one before, if any, was sealed: who recovers it publishes its tail.
   */
  start(log: LogId, from: Offset, now: Millis): void {
    for (const [old, { at, saved, saving }] of this.cursors) if (saved >= at && !saving) this.cursors.delete(old)
    this.own = new PublicationLane()
    this.ownReading = new LogReading(log, from, from)
    this.own.readings.push(this.ownReading)
    this.cursors.set(log, { at: from, saved: from, saving: false, savedAt: now })
    this.work(now)
  }

  /** Entries of the own log below `upTo` are committed. */
  committed(log: LogId, upTo: Offset, now: Millis): void {
    const reading = this.ownReading
    if (reading === undefined || reading.log !== log || upTo <= reading.end) return
    reading.end = upTo
    this.work(now)
  }

  /** The log ended there, and nobody may be left whose task it is to publish it. */
  logEnded(log: LogId, end: Offset, now: Millis): void {
    if (this.ended.size >= this.config.endedMax || this.isPublished(log, end)) return
    this.ended.set(log, end)
    this.work(now)
  }

  tick(now: Millis): void {
    this.work(now)
    this.save(now, false)
  }

  /** For a node that stops in good order: cursors are saved at once, so that nobody waits for this node. */
  wrapUp(now: Millis): void {
    this.work(now)
    this.save(now, true)
  }

  // --- outcomes ------------------------------------------------------------------------------------------------------

  entriesRead(op: number, entries: readonly Uint8Array[], now: Millis): void {
    const operation = this.finish(op)
    if (operation?.type === 'read') {
      this.readFailures = 0
      const { reading } = operation
      if (entries.length > 0) reading.take(entries)
      else {
        reading.missing = reading.next
        reading.looked = false
      }
    }
    this.work(now)
  }

  cursorsRead(op: number, cursors: PublicationCursors, now: Millis): void {
    const operation = this.finish(op)
    if (operation?.type === 'look') this.looked(operation.lane, operation.reading, cursors, now)
    else if (operation?.type === 'demand') this.demanded(operation.lane, operation.demand, cursors, now)
    this.work(now)
  }

  publishedAll(op: number, now: Millis): void {
    const operation = this.finish(op)
    if (operation?.type === 'publish') {
      this.publishFailures = 0
      this.publishedAt = now
      this.turn = this.turn === 'own' ? 'others' : 'own'
      this.advance(operation.reading, operation.next, operation.at, now)
    }
    this.work(now)
    this.save(now, false)
  }

  /** The outcome is unknown. */
  failed(op: number, now: Millis): void {
    const operation = this.finish(op)
    if (operation === undefined) return
    const failures = operation.type === 'publish' ? this.publishFailures++ : this.readFailures++
    const { retryMsMin, retryMsMax } = this.config
    const ms = Math.min(retryMsMin * 2 ** Math.min(failures, 20), retryMsMax)
    // The stream that failed for one lane fails for the other.
    for (const lane of operation.type === 'publish' ? [this.own, this.others] : [operation.lane])
      lane.pause = { since: now, ms }
    this.work(now)
  }

  cursorSaved(log: LogId, at: Offset, now: Millis): void {
    const cursor = this.cursors.get(log)
    if (cursor === undefined) return
    cursor.saving = false
    if (at > cursor.saved) cursor.saved = at
    if (cursor.saved >= cursor.at && log !== this.ownReading?.log) this.cursors.delete(log)
    this.save(now, false)
  }

  cursorNotSaved(log: LogId): void {
    const cursor = this.cursors.get(log)
    if (cursor !== undefined) cursor.saving = false
  }

  takeEffects(): PublicationEffect[] {
    const { effects } = this
    if (effects.length > 0) this.effects = []
    return effects
  }

  // --- one thing at a time -------------------------------------------------------------------------------------------

  private finish(op: number): Operation | undefined {
    const { operation } = this
    if (operation?.id !== op) return undefined
    this.operation = undefined
    return operation
  }

  private work(now: Millis): void {
    while (this.operation === undefined) {
      const [first, second] = this.turn === 'own' ? [this.own, this.others] : [this.others, this.own]
      if (!this.step(first, now) && !this.step(second, now)) return
    }
  }

  /** Returns false when the lane has nothing to do now. */
  private step(lane: PublicationLane, now: Millis): boolean {
    if (lane.pause !== undefined && !hasElapsed(lane.pause.ms, lane.pause.since, now)) return false
    lane.pause = undefined
    if (lane === this.others && lane.demand === undefined && lane.readings.length === 0) this.takeEnded(now)
    const { demand, top } = lane
    if (demand !== undefined) {
      if (this.isPublished(demand.log, demand.end)) lane.demand = undefined
      else this.begin({ type: 'demand', id: this.nextOperation++, lane, demand })
      return true
    }
    if (top === undefined) return false
    const known = this.published.get(top.log) ?? (0 as Offset)
    if (known > top.next) top.advance(Math.min(known, top.end) as Offset)
    if (top.done) {
      if (top === this.ownReading) return false
      lane.readings.pop()
      return true
    }
    if (top.empty) {
      if (top === this.ownReading && this.isGathering(top, now)) return false
      this.read(lane, top)
    } else this.publish(lane, top, now)
    return true
  }

  private isGathering({ next, end }: LogReading, now: Millis): boolean {
    const { gatherMs, readEntriesMax } = this.config
    return end - next < readEntriesMax && !hasElapsed(gatherMs, this.publishedAt, now)
  }

  private takeEnded(now: Millis): void {
    for (const [log, end] of this.ended) {
      this.ended.delete(log)
      this.others.demand = this.newDemand(log, end, now)
      return
    }
  }

  private newDemand(log: LogId, end: Offset, now: Millis): Demand {
    return { log, end, since: now, seen: undefined, goesOn: false, pollMs: this.config.pollMsMin }
  }

  private read(lane: PublicationLane, reading: LogReading): void {
    const id = this.nextOperation++
    // Another may publish the same log: its work is not repeated. And what is not there may have been dropped.
    const look = reading.missing === reading.next || reading !== this.ownReading
    this.begin({ type: look && !reading.looked ? 'look' : 'read', id, lane, reading })
  }

  private publish(lane: PublicationLane, reading: LogReading, now: Millis): void {
    const { batchBytesMax, batchRecordsMax } = this.config
    const { records, next, at, first } = reading.gather(
      batchBytesMax,
      batchRecordsMax,
      (log, end) => !this.rules.followedFirst || this.isPublished(log, end),
    )
    if (records.length > 0) {
      const id = this.nextOperation++
      this.operation = { type: 'publish', id, lane, reading, next, at }
      this.effects.push({ type: 'publish', op: id, records })
      if (!this.rules.saveAfterPublish) this.confirm(reading.log, next, now)
      return
    }
    this.advance(reading, next, at, now)
    if (first !== undefined) lane.demand = this.newDemand(first.log, first.end, now)
  }

  private begin(operation: Exclude<Operation, { readonly type: 'publish' }>): void {
    this.operation = operation
    const op = operation.id
    if (operation.type === 'demand') {
      this.effects.push({ type: 'read-cursors', op, log: operation.demand.log })
      return
    }
    const { log, next: from, end } = operation.reading
    if (operation.type === 'look') this.effects.push({ type: 'read-cursors', op, log })
    else {
      const limit = Math.min(this.config.readEntriesMax, end - from)
      this.effects.push({ type: 'read-log', op, log, from, limit })
    }
  }

  private looked(lane: PublicationLane, reading: LogReading, cursors: PublicationCursors, now: Millis): void {
    this.readFailures = 0
    this.heard(reading.log, cursors.published)
    reading.looked = true
    if (cursors.published > reading.next || reading.missing !== reading.next) return
    reading.missing = undefined
    if (cursors.materialised > reading.next) {
      // Dropped before anybody wanted them published: what was dropped later is below the cursor that we just read.
      const to = Math.min(cursors.materialised, reading.end) as Offset
      this.effects.push({ type: 'skipped', log: reading.log, from: reading.next, to })
      this.advance(reading, to, 0, now)
    } else lane.pause = { since: now, ms: this.config.pollMsMin }
  }

  private demanded(lane: PublicationLane, demand: Demand, cursors: PublicationCursors, now: Millis): void {
    this.readFailures = 0
    this.heard(demand.log, cursors.published)
    if (cursors.published >= demand.end || lane.demand !== demand) return
    if (demand.seen !== undefined && cursors.published > demand.seen) {
      demand.goesOn = true
      demand.since = now
    }
    demand.seen = cursors.published
    if (hasElapsed(this.patienceMs(demand, cursors.ended), demand.since, now)) {
      lane.demand = undefined
      if (lane.readings.some(({ log }) => log === demand.log)) throw new Error(`log ${demand.log} follows itself`)
      this.adopted.add(demand.log)
      if (this.adopted.size > this.config.endedMax) this.adopted.clear()
      lane.readings.push(new LogReading(demand.log, cursors.published, demand.end))
    } else {
      lane.pause = { since: now, ms: demand.pollMs }
      demand.pollMs = Math.min(demand.pollMs * 2, this.config.pollMsMax)
    }
  }

  private patienceMs({ log, goesOn }: Demand, ended: boolean): number {
    const { name, patienceMs, patienceEndedMs, patienceSeenMs } = this.config
    // One log is mostly followed in many steps, slot by slot: it is waited for once.
    if (this.adopted.has(log)) return ended ? 0 : patienceSeenMs
    if (!ended) return patienceMs
    return goesOn ? patienceSeenMs : patienceEndedMs * shareOf(`${name}/${log}`)
  }

  // --- how far it is -------------------------------------------------------------------------------------------------

  private isPublished(log: LogId, end: Offset): boolean {
    return (this.published.get(log) ?? 0) >= end
  }

  private learn(log: LogId, published: Offset): void {
    if (published <= (this.published.get(log) ?? 0)) return
    this.published.set(log, published)
    if (this.published.size <= REMEMBERED_MAX) return
    for (const oldest of this.published.keys()) {
      this.published.delete(oldest)
      return
    }
  }

  /** What stands on stable storage, whoever put it there. */
  private heard(log: LogId, published: Offset): void {
    this.learn(log, published)
    const cursor = this.cursors.get(log)
    if (cursor === undefined) return
    if (published > cursor.at) cursor.at = published
    if (published > cursor.saved) cursor.saved = published
  }

  /** Everything below is published, by us or before us. */
  private advance(reading: LogReading, next: Offset, at: number, now: Millis): void {
    reading.advance(next, at)
    this.learn(reading.log, next)
    this.confirm(reading.log, next, now)
  }

  private confirm(log: LogId, at: Offset, now: Millis): void {
    const cursor = this.cursors.get(log)
    if (cursor === undefined) {
      if (at > 0) this.cursors.set(log, { at, saved: 0 as Offset, saving: false, savedAt: now })
    } else if (at > cursor.at) cursor.at = at
  }

  private save(now: Millis, atOnce: boolean): void {
    for (const [log, cursor] of this.cursors) {
      if (cursor.saving || cursor.saved >= cursor.at) continue
      // While the own log waits for another, that one may wait for it: two that gave each other slots in turn go on step
      // by step, each when the other's cursor has risen.
      const isAwaited = this.own.demand !== undefined && log === this.ownReading?.log
      if (!atOnce && !isAwaited && !hasElapsed(this.config.saveMs, cursor.savedAt, now)) continue
      cursor.saving = true
      cursor.savedAt = now
      this.effects.push({ type: 'save-published', log, cursor: cursor.at })
    }
  }
}

/** A share between 0 and 1 that is always the same for a text, and differs between texts (FNV-1a). */
function shareOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0) / 0x1_0000_0000
}
