import type { MessageId } from '@chat4all/protocol'
import type { History } from '../history/history.js'
import type { Violation } from './violation.js'

/** Invariant 9: after the faults end, everything converges in bounded time, and nothing that was asked stays open. */
export function converges(history: History): Violation[] {
  const violations: Violation[] = []
  const ends = history.of('convergence')
  if (ends.length === 0) violations.push({ invariant: 9, at: 0, what: 'the run never came to its end' })
  for (const { at, unfinished } of ends) {
    for (const what of unfinished) violations.push({ invariant: 9, at, what: `still unfinished: ${what}` })
  }
  const answered = new Set<MessageId>()
  for (const { messageId } of history.of('sent')) answered.add(messageId)
  for (const { messageId } of history.of('refused')) answered.add(messageId)
  const open = new Set<MessageId>()
  for (const { messageId } of history.of('sending')) if (!answered.has(messageId)) open.add(messageId)
  for (const messageId of open)
    violations.push({ invariant: 9, at: ends.at(-1)?.at ?? 0, what: `${messageId} was never answered` })
  return violations
}
