import type { History } from '../history/history.js'
import { goneUpto } from './erasures.js'
import { everRemoved } from './ever-removed.js'
import type { Violation } from './violation.js'

/**
 * Invariant 7: a session sees its conversation in order, without gap and without double: each delivery goes on exactly
 * where the one before ended, the first one where the client was when it connected.
 */
export function sessionSeesInOrder(history: History): Violation[] {
  const violations: Violation[] = []
  const had = new Map<string, number>()
  const removed = everRemoved(history)
  const gone = goneUpto(history)
  for (const observation of history.observations) {
    if (observation.type === 'connected') {
      for (const [conversation, seq] of observation.have) had.set(`${observation.session} ${conversation}`, seq)
    }
    if (observation.type === 'begins') {
      const { at, client, session, conversation, after, resumed } = observation
      const key = `${session} ${conversation}`
      const have = had.get(key)
      if (have !== undefined && after > have && resumed && after > gone(conversation, at)) {
        violations.push({
          invariant: 7,
          at,
          what: `session ${session} had ${conversation} to ${have} and goes on behind ${after}`,
        })
      }
      // Who was removed meanwhile and added again begins anew, whatever cursor the client has kept.
      if (have === undefined || resumed || removed.has(`${conversation} ${client}`)) had.set(key, after)
    }
    if (observation.type === 'left') had.delete(`${observation.session} ${observation.conversation}`)
    if (observation.type !== 'delivered') continue
    const { at, session, conversation, after, upto } = observation
    const key = `${session} ${conversation}`
    const have = had.get(key)
    if (have !== undefined && after !== have) {
      const how = after > have ? 'misses' : 'sees again'
      violations.push({
        invariant: 7,
        at,
        what: `session ${session} ${how} ${conversation} (${after}, ${have}] : had ${have}, got (${after}, ${upto}]`,
      })
    }
    had.set(key, upto)
  }
  return violations
}
