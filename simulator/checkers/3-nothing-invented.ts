import type { ConversationId, MessageId, Seq } from '@chat4all/protocol'
import type { History } from '../history/history.js'
import { everRemoved } from './ever-removed.js'
import type { Violation } from './violation.js'

/**
 * Invariant 3: nothing is acknowledged or shown that is not in the recovered logs, at that seq; nor is a member told
 * that it is none when the logs know better.
 */
export function nothingInvented(history: History): Violation[] {
  const logs = history.of('log-content')
  const kept = new Set<string>()
  for (const { messages } of logs) {
    for (const { conversation, seq, messageId } of messages) kept.add(`${conversation} ${seq} ${messageId}`)
  }
  const violations: Violation[] = []
  const demand = (at: number, how: string, conversation: ConversationId, seq: Seq, messageId: MessageId) => {
    if (kept.has(`${conversation} ${seq} ${messageId}`)) return
    violations.push({
      invariant: 3,
      at,
      what: `${messageId} was ${how} at seq ${seq} of ${conversation} and is in no log`,
    })
  }
  for (const { at, conversation, seq, messageId } of history.of('sent'))
    demand(at, 'acknowledged', conversation, seq, messageId)
  for (const { at, conversation, seq, messageId } of history.of('erased'))
    demand(at, 'erased', conversation, seq, messageId)
  for (const type of ['delivered', 'page', 'full-read'] as const) {
    for (const { at, conversation, messages } of history.of(type)) {
      for (const { seq, messageId } of messages) demand(at, `shown (${type})`, conversation, seq, messageId)
    }
  }
  const always = alwaysMembers(history)
  for (const { at, client, conversation, messageId, code } of history.of('refused')) {
    if (code !== 'NOT_FOUND' || !always.has(`${conversation} ${client}`)) continue
    violations.push({
      invariant: 3,
      at,
      what: `${client}, always a member of ${conversation}, was refused ${messageId} as if it were none`,
    })
  }
  return violations
}

/** `conversation user` of those who were members from the beginning and never removed, nor all at once by an erasure. */
function alwaysMembers(history: History): Set<string> {
  const always = new Set<string>()
  const removed = everRemoved(history)
  for (const { conversation, members } of history.of('created')) {
    for (const user of members) if (!removed.has(`${conversation} ${user}`)) always.add(`${conversation} ${user}`)
  }
  return always
}
