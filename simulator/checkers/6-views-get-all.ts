import type { ConversationId } from '@chat4all/protocol'
import type { History } from '../history/history.js'
import type { Violation } from './violation.js'

/**
 * Invariant 6: every committed message reaches the views and the event stream at least once, in order. A consumer that
 * drops every seq up to the last one seen must meet each seq in turn.
 */
export function viewsGetAll(history: History): Violation[] {
  const fed = history.of('fed').map(({ at, node, conversation, messages }): Delivery => {
    return { at, by: node, conversation, seqs: messages.map(({ seq }) => seq) }
  })
  const arrived = history.of('arrived').map(({ publisher, ...rest }): Delivery => ({ ...rest, by: publisher }))
  return [...inTurn(history, 'the views', fed), ...inTurn(history, 'the event stream', arrived)]
}

interface Delivery {
  readonly at: number
  readonly by: string
  readonly conversation: ConversationId
  readonly seqs: readonly number[]
}

function inTurn(history: History, where: string, deliveries: readonly Delivery[]): Violation[] {
  const violations: Violation[] = []
  const consumed = new Map<ConversationId, number>()
  for (const { at, conversation, by, seqs } of deliveries) {
    let last = consumed.get(conversation) ?? 0
    for (const seq of seqs) {
      if (seq <= last) continue
      if (seq !== last + 1) {
        const what = `${where} got seq ${seq} of ${conversation} from ${by} after ${last}`
        violations.push({ invariant: 6, at, what })
      }
      last = seq
    }
    consumed.set(conversation, last)
  }
  for (const { at, conversation, head } of history.of('full-read').filter(({ final }) => final)) {
    const last = consumed.get(conversation) ?? 0
    if (last < head)
      violations.push({ invariant: 6, at, what: `${where} of ${conversation} ends at ${last}, its log at ${head}` })
  }
  return violations
}
