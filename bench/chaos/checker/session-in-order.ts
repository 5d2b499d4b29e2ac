import { type Check, entryOf, type Report } from './check.js'

/**
 * A session sees its conversations in order, without gap and without double: each delivery goes on exactly where the
 * one before ended, and the first one where the device was when it connected.
 */
export function sessionInOrder(report: Report): Check {
  /** By session and conversation: how far, and the line that says so. */
  const had = new Map<string, Map<string, { readonly seq: number; readonly line: number }>>()
  return {
    see(observation, line) {
      switch (observation.type) {
        case 'connected': {
          const { session, had: cursors } = observation
          const bySession = entryOf(had, session, () => new Map())
          for (const [conversation, seq] of Object.entries(cursors)) bySession.set(conversation, { seq, line })
          return
        }
        case 'begins': {
          const { session, conversation, after, resumed } = observation
          const bySession = entryOf(had, session, () => new Map())
          const before = bySession.get(conversation)
          if (resumed && before !== undefined && after > before.seq) {
            report(
              `session ${session} had ${conversation} to ${before.seq} and resumes behind ${after}`,
              before.line,
              line,
            )
          }
          // A conversation frame for one that the session has tells of changed data, and moves nothing.
          if (resumed || before === undefined) bySession.set(conversation, { seq: after, line })
          return
        }
        case 'left':
          had.get(observation.session)?.delete(observation.conversation)
          return
        case 'closed':
          had.delete(observation.session)
          return
        case 'delivered': {
          const { session, conversation, after, upto } = observation
          const bySession = entryOf(had, session, () => new Map())
          const before = bySession.get(conversation)
          if (before !== undefined && after !== before.seq) {
            const how = after > before.seq ? 'misses' : 'sees again'
            report(
              `session ${session} ${how} a part of ${conversation}: had it to ${before.seq}, got (${after}, ${upto}]`,
              before.line,
              line,
            )
          }
          bySession.set(conversation, { seq: upto, line })
          return
        }
      }
    },
    finish() {},
  }
}
