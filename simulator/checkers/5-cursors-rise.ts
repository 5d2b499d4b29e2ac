import type { Cursors, History } from '../history/history.js'
import type { Violation } from './violation.js'

/**
 * Invariant 5: cursors never fall. Within a session each value told is at least the one told before; and an answer is
 * at least what anyone had been told before it was asked for.
 */
export function cursorsRise(history: History): Violation[] {
  const violations: Violation[] = []
  const bySession = new Map<string, Cursors>()
  const told = new Map<string, Cursors[]>()
  for (const now of history.of('cursors')) {
    const member = `${now.conversation} ${now.user}`
    const before = bySession.get(`${now.session} ${member}`)
    let known = told.get(member)
    if (known === undefined) {
      known = []
      told.set(member, known)
    }
    if (before !== undefined) compare(before, now)
    bySession.set(`${now.session} ${member}`, now)
    if (now.askedAt !== undefined) {
      const highest = known.findLast((other) => other.at < now.askedAt!)
      if (highest !== undefined) compare(highest, now)
    }
    known.push({ ...now, ...highestOf(known.at(-1), now) })
  }
  return violations

  function compare(before: Cursors, now: Cursors): void {
    if (now.delivered >= before.delivered && now.read >= before.read) return
    const what = `${now.user} in ${now.conversation} fell from ${before.delivered}/${before.read} to ${now.delivered}/${now.read}`
    violations.push({ invariant: 5, at: now.at, what })
  }
}

function highestOf(a: Cursors | undefined, b: Cursors): Pick<Cursors, 'delivered' | 'read'> {
  if (a === undefined) return b
  return { delivered: a.delivered > b.delivered ? a.delivered : b.delivered, read: a.read > b.read ? a.read : b.read }
}
