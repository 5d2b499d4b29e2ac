import type { LogId, Offset } from '@chat4all/protocol'
import type { LogCursors } from '@chat4all/storage'
import { logOf, type ReplicaState } from './replica-state.js'
import { QUORUM, REPLICAS, type Replicas } from './replicas.js'
import type { StoreRules } from './rules.js'

/** Outcome of a request: undefined when it is unknown. */
export type Done<T> = (outcome: T | undefined) => void

/** A cached answer, where that planted bug is on, lives so long. */
const CACHED_MS = 400

/**
 * Node logs on three replicas, as the cluster's adapter will lay them out: plain writes at quorum, write-once cells,
 * the end of a log by compare-and-set.
 */
export class SimulatedNodeLogs {
  private readonly replicas: Replicas<ReplicaState>
  private readonly rules: StoreRules
  private readonly clock: () => number
  private readonly ends = new Map<LogId, Offset>()
  private readonly checks = new Map<LogId, { readonly at: number; readonly sealed: boolean }>()
  /** Every value that was ever written, for the checkers: what a replica dropped is still here. */
  readonly written = new Map<LogId, Uint8Array[]>()
  /** Entries that were on too few replicas when an end above them was decided. */
  readonly decidedTooEarly: { readonly at: number; readonly log: LogId; readonly offset: Offset }[] = []
  /** Two values at one offset: an accident in itself. */
  readonly rewritten: { readonly log: LogId; readonly offset: Offset }[] = []

  constructor(replicas: Replicas<ReplicaState>, rules: StoreRules, clock: () => number) {
    this.replicas = replicas
    this.rules = rules
    this.clock = clock
  }

  open(log: LogId, done: Done<true>): void {
    this.write((state) => {
      logOf(state, log).opened = true
    }, done)
  }

  append(log: LogId, offset: Offset, entry: Uint8Array, done: Done<true>): void {
    this.note(log, offset, entry)
    this.write((state) => void logOf(state, log).entries.set(offset, entry), done)
  }

  private note(log: LogId, offset: Offset, entry: Uint8Array): void {
    let entries = this.written.get(log)
    if (entries === undefined) {
      entries = []
      this.written.set(log, entries)
    }
    const before = entries[offset]
    if (before !== undefined && !sameBytes(before, entry)) this.rewritten.push({ log, offset })
    entries[offset] = entry
  }

  isSealed(log: LogId, done: Done<boolean>): void {
    const { rules } = this
    if (!rules.checkSeal) return done(false)
    const known = this.checks.get(log)
    if (!rules.freshCheck && known !== undefined && this.clock() - known.at < CACHED_MS) return done(known.sealed)
    this.replicas.read(
      (state) => {
        const { opened, sealed } = logOf(state, log)
        return { opened, sealed }
      },
      (answers) => {
        if (answers === undefined) return done(undefined)
        // A missing row counts as sealed: old rows may be dropped while a node sleeps.
        const sealed = answers.some((row) => row.sealed) || !answers.some((row) => row.opened)
        this.checks.set(log, { at: this.clock(), sealed })
        done(sealed)
      },
      rules.checkAtQuorum ? QUORUM : 1,
    )
  }

  seal(log: LogId, done: Done<true>): void {
    const seal = (state: ReplicaState) => {
      logOf(state, log).sealed = true
    }
    this.write(seal, done, this.rules.sealAtQuorum ? QUORUM : 0)
  }

  read(log: LogId, from: Offset, limit: number, done: Done<Uint8Array[]>): void {
    this.replicas.read(
      (state) => {
        const { entries } = logOf(state, log)
        return Array.from({ length: limit }, (_, index) => entries.get((from + index) as Offset))
      },
      (answers) => {
        if (answers === undefined) return done(undefined)
        const found: Uint8Array[] = []
        for (let index = 0; index < limit; index++) {
          const entry = answers.find((entries) => entries[index] !== undefined)?.[index]
          if (entry === undefined) break
          found.push(entry)
        }
        done(found)
      },
    )
  }

  writeBack(log: LogId, offset: Offset, entry: Uint8Array, done: Done<true>): void {
    if (!this.rules.writeBack) return done(true)
    this.write((state) => void logOf(state, log).entries.set(offset, entry), done)
  }

  decideEnd(log: LogId, end: Offset, done: Done<Offset>): void {
    const propose = () => {
      if (!this.ends.has(log)) this.noteMissing(log, end)
      const decided = this.ends.get(log) ?? end
      this.ends.set(log, decided)
      return decided
    }
    if (this.rules.decideEndOnce) this.replicas.compareAndSet(propose, done)
    else {
      this.replicas.compareAndSet(() => {
        propose()
        return end
      }, done)
    }
  }

  /** What every replica that dropped it, or a quorum, cannot give back any more to whoever recovers the log again. */
  private noteMissing(log: LogId, end: Offset): void {
    const rows = this.replicas.all.map(({ state }) => logOf(state, log))
    const cursor = Math.max(...rows.map(({ materialised }) => materialised))
    // A view has what was committed only: an end below its cursor cuts off what was acknowledged.
    if (end < cursor) this.decidedTooEarly.push({ at: this.clock(), log, offset: end })
    for (let offset = cursor; offset < end; offset++) {
      const holders = rows.filter(({ entries }) => entries.has(offset as Offset)).length
      if (holders < QUORUM) this.decidedTooEarly.push({ at: this.clock(), log, offset: offset as Offset })
    }
  }

  cursors(log: LogId, done: Done<LogCursors>): void {
    this.replicas.read(
      (state) => {
        const { materialised, published } = logOf(state, log)
        return { materialised, published }
      },
      (answers) => {
        if (answers === undefined) return done(undefined)
        done({
          materialised: Math.max(...answers.map((row) => row.materialised)) as Offset,
          published: Math.max(...answers.map((row) => row.published)) as Offset,
        })
      },
    )
  }

  saveCursor(log: LogId, view: keyof LogCursors, cursor: Offset, done: Done<true>): void {
    this.write((state) => {
      const row = logOf(state, log)
      if (cursor > row[view]) row[view] = cursor
    }, done)
  }

  dropBelow(log: LogId, below: Offset, done: Done<true>): void {
    this.write((state) => {
      const row = logOf(state, log)
      for (const offset of row.entries.keys()) if (offset < below) row.entries.delete(offset)
      if (below > row.droppedBelow) row.droppedBelow = below
    }, done)
  }

  list(done: Done<LogId[]>): void {
    this.replicas.read(
      (state) =>
        [...state.logs].filter(([, row]) => row.opened).map(([log, { droppedBelow }]) => ({ log, droppedBelow })),
      (answers) => {
        if (answers === undefined) return done(undefined)
        const wholly = ({ log, droppedBelow }: { log: LogId; droppedBelow: Offset }) =>
          droppedBelow >= (this.ends.get(log) ?? Infinity)
        const gone = new Set(
          answers
            .flat()
            .filter(wholly)
            .map(({ log }) => log),
        )
        done([...new Set(answers.flat().map(({ log }) => log))].filter((log) => !gone.has(log)))
      },
    )
  }

  /** The decided end, for the checkers. */
  endOf(log: LogId): Offset | undefined {
    return this.ends.get(log)
  }

  private write(write: (state: ReplicaState) => void, done: Done<true>, answersNeeded = QUORUM): void {
    this.replicas.write(write, (ok) => done(ok ? true : undefined), answersNeeded)
  }
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, index) => byte === b[index]))
}

// One replica that misses a write must not decide a read: quorums overlap.
if (2 * QUORUM <= REPLICAS) throw new Error('quorums must overlap')
