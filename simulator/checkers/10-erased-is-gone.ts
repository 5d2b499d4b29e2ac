import type { History } from '../history/history.js'
import { committedErasures } from './erasures.js'
import type { Violation } from './violation.js'

/**
 * Invariant 10: what is erased is in no read that is asked for after somebody was told so. Whether the rest is still
 * there, invariant 1 asks.
 */
export function erasedIsGone(history: History): Violation[] {
  const violations: Violation[] = []
  const erasures = committedErasures(history)
  if (erasures.length === 0) return violations
  for (const read of [...history.of('full-read'), ...history.of('page')]) {
    for (const { conversation, upto, user, toldAt } of erasures) {
      if (conversation !== read.conversation || toldAt >= read.askedAt) continue
      for (const { seq, messageId, saidBy } of read.messages) {
        if (seq > upto || (user !== undefined && saidBy !== user)) continue
        const what = `${messageId} at seq ${seq} of ${conversation} is shown, erased${user === undefined ? '' : ` with ${user}`} up to ${upto}`
        violations.push({ invariant: 10, at: read.at, what })
      }
    }
  }
  return violations
}
