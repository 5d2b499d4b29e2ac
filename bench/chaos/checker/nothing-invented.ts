import { type Check, entryOf, type Report, shows } from './check.js'

/** Refusals after which nothing of the request has happened. */
const NOTHING_HAPPENED: ReadonlySet<string> = new Set([
  'BUSY',
  'RATE_LIMITED',
  'CONFLICT',
  'INVALID',
  'FORBIDDEN',
  'NOT_FOUND',
])

/**
 * Nothing is invented: what anyone was shown, live or in a page or in the event stream, is in the final history at that
 * seq; it was sent by somebody; and what was refused each time for certain is not there.
 */
export function nothingInvented(report: Report): Check {
  const shown = new Map<string, Map<number, { readonly id: string; readonly line: number }>>()
  const finals = new Map<string, { readonly seqs: Map<number, string>; readonly line: number }>()
  /** By id: how many attempts have no certain refusal. */
  const attempts = new Map<string, { open: number; lastRefusal: number }>()

  return {
    see(observation, line) {
      if (observation.type === 'sending' && !observation.conflicts) {
        entryOf(attempts, observation.id, () => ({ open: 0, lastRefusal: line })).open++
      } else if (observation.type === 'refused' && NOTHING_HAPPENED.has(observation.code)) {
        const attempt = attempts.get(observation.id)
        if (attempt !== undefined && observation.code !== 'CONFLICT') {
          attempt.open--
          attempt.lastRefusal = line
        }
      }
      if (!shows(observation)) return
      const { conversation } = observation
      if (observation.type === 'full-read' && observation.final && !finals.has(conversation)) {
        finals.set(conversation, { seqs: new Map(observation.messages.map(([seq, id]) => [seq, id])), line })
      }
      const bySeq = entryOf(shown, conversation, () => new Map())
      for (const [seq, id] of observation.messages) if (!bySeq.has(seq)) bySeq.set(seq, { id, line })
    },
    finish() {
      for (const [conversation, bySeq] of shown) {
        const final = finals.get(conversation)
        for (const [seq, { id, line }] of bySeq) {
          if (final !== undefined && final.seqs.get(seq) !== id) {
            report(
              `${id} was shown at seq ${seq} of ${conversation}, and is not in the final history`,
              line,
              final.line,
            )
          }
          const attempt = attempts.get(id)
          if (attempt === undefined) report(`${id} at seq ${seq} of ${conversation} was never sent`, line)
          else if (attempt.open <= 0) {
            report(`${id} was refused each time, and is at seq ${seq} of ${conversation}`, attempt.lastRefusal, line)
          }
        }
      }
    },
  }
}
