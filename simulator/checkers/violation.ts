import type { History } from '../history/history.js'

/** An invariant of shard-node/core/SPEC.md that did not hold. */
export interface Violation {
  readonly invariant: number
  /** Virtual milliseconds. */
  readonly at: number
  readonly what: string
}

/** Looks at a whole history; knows nothing of the implementation. */
export type Checker = (history: History) => Violation[]
