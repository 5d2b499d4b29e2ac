import type { Cursors, History } from '../history/history.js'
import type { Violation } from './violation.js'

/**
 * Invariant 5: cursors never fall: an answer is at least what anyone had been told before it was asked for. What is told
 * unasked may arrive late, when the owner has changed; whoever merges it by the highest value is right.
 */
export function cursorsRise(history: History): Violation[] {
  const violations: Violation[] = []
  const told = new Map<string, Cursors[]>()
  for (const now of history.of('cursors')) {
    const member = `${now.conversation} ${now.user}`
    let known = told.get(member)
    if (known === undefined) {
      known = []
      told.set(member, known)
    }
    const { askedAt } = now
    const before = askedAt === undefined ? undefined : known.findLast((other) => other.at < askedAt)
    if (before !== undefined && (now.delivered < before.delivered || now.read < before.read)) {
      const what = `${now.user} in ${now.conversation} fell from ${before.delivered}/${before.read} to ${now.delivered}/${now.read}`
      violations.push({ invariant: 5, at: now.at, what })
    }
    known.push({ ...now, ...highestOf(known.at(-1), now) })
  }
  return violations
}

function highestOf(a: Cursors | undefined, b: Cursors): Pick<Cursors, 'delivered' | 'read'> {
  if (a === undefined) return b
  return { delivered: a.delivered > b.delivered ? a.delivered : b.delivered, read: a.read > b.read ? a.read : b.read }
}
