import type { ConversationId } from '@chat4all/protocol'
import type { History } from '../history/history.js'
import type { Violation } from './violation.js'

/**
 * Invariant 6: every committed message reaches the event stream at least once, in order. The stream of the embedded
 * default is the log read by cursor: here it is what feeds the views. A consumer that drops every seq up to the last
 * one seen must meet each seq in turn.
 */
export function viewsGetAll(history: History): Violation[] {
  const violations: Violation[] = []
  const consumed = new Map<ConversationId, number>()
  for (const { at, conversation, node, messages } of history.of('fed')) {
    let last = consumed.get(conversation) ?? 0
    for (const { seq } of messages) {
      if (seq <= last) continue
      if (seq !== last + 1) {
        violations.push({ invariant: 6, at, what: `${node} fed seq ${seq} of ${conversation} after ${last}` })
      }
      last = seq
    }
    consumed.set(conversation, last)
  }
  for (const { at, conversation, head } of history.of('full-read').filter(({ final }) => final)) {
    const last = consumed.get(conversation) ?? 0
    if (last < head)
      violations.push({ invariant: 6, at, what: `the views of ${conversation} end at ${last}, its log at ${head}` })
  }
  return violations
}
