import type { History } from '../history/history.js'
import { acknowledgedIsRead } from './1-acknowledged-is-read.js'
import { oneOrder } from './2-one-order.js'
import { nothingInvented } from './3-nothing-invented.js'
import { recoverersAgree } from './4-recoverers-agree.js'
import { cursorsRise } from './5-cursors-rise.js'
import { viewsGetAll } from './6-views-get-all.js'
import { sessionSeesInOrder } from './7-session-sees-in-order.js'
import { causalOrder } from './8-causal-order.js'
import { converges } from './9-converges.js'
import { erasedIsGone } from './10-erased-is-gone.js'
import type { Checker, Violation } from './violation.js'

export type { Checker, Violation } from './violation.js'

/** By the number of the invariant in shard-node/core/SPEC.md. */
export const CHECKERS: ReadonlyMap<number, Checker> = new Map([
  [1, acknowledgedIsRead],
  [2, oneOrder],
  [3, nothingInvented],
  [4, recoverersAgree],
  [5, cursorsRise],
  [6, viewsGetAll],
  [7, sessionSeesInOrder],
  [8, causalOrder],
  [9, converges],
  [10, erasedIsGone],
])

export function check(history: History): Violation[] {
  return [...CHECKERS.values()].flatMap((checker) => checker(history)).sort((a, b) => a.at - b.at)
}
