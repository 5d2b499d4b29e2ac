import type { LogId, Offset } from '@chat4all/protocol'
import type { Effect } from './effects.js'
import type { ShardRules } from './rules.js'

/**
 * Appends, seal checks, and what they commit (design §4.2–4.4).
 *
 * The accident it prevents: acknowledging a message that a recoverer of this log will not find. So an entry counts as
 * committed only when every entry below it does, and when a seal check that *began after* its append had completed
 * came back clean. Whichever of write-then-check and seal-then-read comes second sees the other.
 *
 * An offset is written once. When the outcome of an append is unknown, the same bytes go to the same offset again.
 */
export class LogPipeline<Work, Barrier> {
  readonly log: LogId
  /** Entries not yet committed, by offset without a hole: entries[0].offset is `committed`. */
  private readonly entries: Entry<Work>[] = []
  private readonly checks = new Map<number, Entry<Work>[]>()
  private readonly barriers: { readonly after: number; readonly check: number; readonly work: Barrier }[] = []
  private next = 0
  private nextCheck = 1
  private passedCheck = 0
  private readonly rules: ShardRules
  private readonly checksInFlightMax: number

  constructor(log: LogId, checksInFlightMax: number, rules: ShardRules) {
    this.log = log
    this.checksInFlightMax = checksInFlightMax
    this.rules = rules
  }

  /** First offset that is not committed. */
  get committed(): Offset {
    return (this.next - this.entries.length) as Offset
  }

  /** Where the next entry goes. */
  get nextOffset(): Offset {
    return this.next as Offset
  }

  get entriesInFlight(): number {
    return this.entries.length
  }

  get waiting(): boolean {
    return this.entries.length > 0 || this.barriers.length > 0
  }

  /** Appends an entry at the next offset; `work` is given back when it is committed. */
  append(bytes: Uint8Array, work: Work, effects: Effect[]): Offset {
    const offset = this.next++ as Offset
    this.entries.push({ offset, bytes, work, state: 'writing' })
    effects.push({ type: 'append', log: this.log, offset, entry: bytes })
    if (!this.rules.checkAfterWrite) this.beginCheck(effects)
    return offset
  }

  /** `work` is given back when all that was appended before is committed and a check that began after now is clean. */
  barrier(work: Barrier): void {
    this.barriers.push({ after: this.next, check: this.nextCheck, work })
  }

  /** Starts a check for barriers that no check covers yet. */
  flush(effects: Effect[]): void {
    const last = this.barriers.at(-1)
    if (last !== undefined && last.check === this.nextCheck && this.checks.size < this.checksInFlightMax) {
      this.beginCheck(effects)
    }
  }

  appended(offset: Offset, effects: Effect[]): void {
    const entry = this.entries[offset - this.committed]
    if (entry === undefined || entry.state !== 'writing') return
    entry.state = 'written'
    if (this.checks.size < this.checksInFlightMax) this.beginCheck(effects)
  }

  /** The outcome of the append is unknown: the same bytes at the same offset again, never another, never none. */
  appendFailed(offset: Offset, effects: Effect[]): void {
    const entry = this.entries[offset - this.committed]
    if (entry === undefined || entry.state !== 'writing') return
    if (this.rules.rewriteUntilWritten) {
      effects.push({ type: 'append', log: this.log, offset, entry: entry.bytes })
    } else {
      this.appended(offset, effects)
    }
  }

  sealCheckFailed(check: number, effects: Effect[]): void {
    const covered = this.checks.get(check)
    if (covered === undefined) return
    this.checks.delete(check)
    for (const entry of covered) if (entry.state === 'checking') entry.state = 'written'
    this.beginCheck(effects)
  }

  /** A clean check: hands out what is committed now, in order, then the barriers that are passed. */
  sealCheckPassed(
    check: number,
    effects: Effect[],
    onCommit: (work: Work, offset: Offset) => void,
    onBarrier: (work: Barrier) => void,
  ): void {
    const covered = this.checks.get(check)
    if (covered === undefined) return
    this.checks.delete(check)
    for (const entry of covered) entry.state = 'checked'
    if (check > this.passedCheck) this.passedCheck = check
    if (this.rules.commitInOrder) {
      while (this.entries.length > 0 && this.entries[0]!.state === 'checked') {
        const entry = this.entries.shift()!
        onCommit(entry.work, entry.offset)
      }
    } else {
      for (const entry of covered) onCommit(entry.work, entry.offset)
      while (this.entries.length > 0 && this.entries[0]!.state === 'checked') this.entries.shift()
    }
    let passed = 0
    for (const barrier of this.barriers) {
      if (barrier.after > this.committed || barrier.check > this.passedCheck) break
      passed++
    }
    if (passed > 0) for (const barrier of this.barriers.splice(0, passed)) onBarrier(barrier.work)
    if (this.entries.some((entry) => entry.state === 'written')) this.beginCheck(effects)
    else this.flush(effects)
  }

  private beginCheck(effects: Effect[]): void {
    // Exactly the appends that have completed by now. One that completes while the check is under way waits for the
    // next: a seal may have landed between the check's read and that completion.
    const covered = this.entries.filter(
      (entry) => entry.state === 'written' || (entry.state === 'writing' && !this.rules.checkAfterWrite),
    )
    for (const entry of covered) entry.state = 'checking'
    const check = this.nextCheck++
    this.checks.set(check, covered)
    effects.push({ type: 'check-seal', log: this.log, check })
  }
}

interface Entry<Work> {
  readonly offset: Offset
  readonly bytes: Uint8Array
  readonly work: Work
  state: 'writing' | 'written' | 'checking' | 'checked'
}
