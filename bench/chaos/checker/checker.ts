import type { Observation } from '../history/observation.js'
import { acknowledgedIsRead } from './acknowledged-is-read.js'
import { causalOrder } from './causal-order.js'
import { CHECKS, type Check, type CheckName, type Report, type Violation } from './check.js'
import { nothingInvented } from './nothing-invented.js'
import { once } from './once.js'
import { oneOrder } from './one-order.js'
import { readsAreFresh } from './reads-are-fresh.js'
import { receiptsRise } from './receipts-rise.js'
import { sessionInOrder } from './session-in-order.js'
import { sessionsStay } from './sessions-stay.js'
import { settles } from './settles.js'
import { streamInOrder } from './stream-in-order.js'

const MAKE: Readonly<Record<CheckName, (report: Report) => Check>> = {
  'acknowledged-is-read': acknowledgedIsRead,
  once,
  'one-order': oneOrder,
  'session-in-order': sessionInOrder,
  'causal-order': causalOrder,
  'reads-are-fresh': readsAreFresh,
  'receipts-rise': receiptsRise,
  'nothing-invented': nothingInvented,
  'stream-in-order': streamInOrder,
  'sessions-stay': sessionsStay,
  settles,
}

/** One fault can break thousands of lines: past this many of one check, violations are counted only. */
const KEPT_PER_CHECK = 100

export interface Verdict {
  readonly violations: readonly Violation[]
  /** All that were found, those that are not kept included. */
  readonly counts: Readonly<Record<CheckName, number>>
}

/** Reads a history line by line and tells what it breaks. Pure: no file, no clock. */
export class Checker {
  private readonly checks: Check[]
  private readonly violations: Violation[] = []
  private readonly counts = Object.fromEntries(CHECKS.map((name) => [name, 0])) as Record<CheckName, number>

  /** `names`: fewer than all, to show that each is needed. */
  constructor(names: readonly CheckName[] = CHECKS) {
    this.checks = names.map((name) =>
      MAKE[name]((what, ...lines) => {
        if (++this.counts[name] <= KEPT_PER_CHECK) this.violations.push({ check: name, what, lines })
      }),
    )
  }

  see(observation: Observation, line: number): void {
    for (const check of this.checks) check.see(observation, line)
  }

  finish(): Verdict {
    for (const check of this.checks) check.finish()
    return { violations: this.violations, counts: this.counts }
  }
}

/** Checks a history that is in memory. */
export function checkHistory(observations: readonly Observation[], names: readonly CheckName[] = CHECKS): Verdict {
  const checker = new Checker(names)
  observations.forEach((observation, index) => {
    checker.see(observation, index + 1)
  })
  return checker.finish()
}
