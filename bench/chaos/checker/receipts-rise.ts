import { type Check, entryOf, type Report } from './check.js'

interface Known {
  readonly at: number
  readonly delivered: number
  readonly read: number
  readonly line: number
}

/**
 * Receipts never go back: an answer is at least what anyone had been told, or had been promised, before it was asked
 * for; and nobody's cursor stands further than that user has moved it. (What is told unasked may arrive late, when the
 * owner has changed: whoever merges it by the highest value is right.)
 */
export function receiptsRise(report: Report): Check {
  const told = new Map<string, Known[]>()
  const marked = new Map<string, { readonly delivered: number; readonly read: number }>()
  const invented = new Set<string>()

  function tell(member: string, at: number, delivered: number, read: number, line: number): void {
    const known = entryOf(told, member, () => [])
    const before = known.at(-1)
    if (before !== undefined && delivered <= before.delivered && read <= before.read) return
    known.push({
      at,
      delivered: Math.max(delivered, before?.delivered ?? 0),
      read: Math.max(read, before?.read ?? 0),
      line,
    })
  }

  return {
    see(observation, line) {
      switch (observation.type) {
        case 'marking': {
          const member = `${observation.user} in ${observation.conversation}`
          const before = marked.get(member)
          marked.set(member, {
            delivered: Math.max(observation.delivered, observation.read, before?.delivered ?? 0),
            read: Math.max(observation.read, before?.read ?? 0),
          })
          return
        }
        case 'marked': {
          const { at, user, conversation, delivered, read } = observation
          return tell(`${user} in ${conversation}`, at, Math.max(delivered, read), read, line)
        }
        case 'cursors': {
          const { askedAt, at, user, conversation, delivered, read } = observation
          const member = `${user} in ${conversation}`
          const before =
            askedAt === undefined ? undefined : told.get(member)?.findLast((earlier) => earlier.at < askedAt)
          if (before !== undefined && (delivered < before.delivered || read < before.read)) {
            report(
              `the cursors of ${member} fell from ${before.delivered}/${before.read} to ${delivered}/${read}`,
              before.line,
              line,
            )
          }
          const moved = marked.get(member) ?? { delivered: 0, read: 0 }
          if ((delivered > moved.delivered || read > moved.read) && !invented.has(member)) {
            invented.add(member)
            report(
              `the cursors of ${member} stand at ${delivered}/${read}, and were moved to ${moved.delivered}/${moved.read} at most`,
              line,
            )
          }
          return tell(member, at, delivered, read, line)
        }
      }
    },
    finish() {},
  }
}
