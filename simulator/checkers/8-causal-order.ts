import type { ConversationId, MessageId, Seq } from '@chat4all/protocol'
import type { History } from '../history/history.js'
import { everRemoved } from './ever-removed.js'
import type { Violation } from './violation.js'

/**
 * Invariant 8: what is sent after something seen has a higher seq, and a client's sends keep their order. A message
 * counts as sent when the client first handed it to a session, however often it is sent again. The order of sends is not
 * demanded of users who were removed meanwhile: what was refused then and accepted later is no disorder.
 */
export function causalOrder(history: History): Violation[] {
  const violations: Violation[] = []
  const seqs = seqOfMessages(history)
  const removed = everRemoved(history)
  const seen = new Map<string, Seq>()
  const sentBefore = new Map<string, { readonly seq: Seq; readonly messageId: MessageId }>()
  const see = (client: string, conversation: ConversationId, seq: Seq) => {
    const key = `${client} ${conversation}`
    if (seq > (seen.get(key) ?? 0)) seen.set(key, seq)
  }
  for (const observation of history.observations) {
    switch (observation.type) {
      case 'delivered':
      case 'page':
        if (observation.messages.length > 0)
          see(observation.client, observation.conversation, observation.messages.at(-1)!.seq)
        break
      case 'sent':
        see(observation.client, observation.conversation, observation.seq)
        break
      case 'sending': {
        const { at, client, conversation, messageId, again } = observation
        const seq = seqs.get(messageId)
        if (again || seq === undefined) break
        const key = `${client} ${conversation}`
        const shown = seen.get(key) ?? 0
        if (seq <= shown) {
          violations.push({
            invariant: 8,
            at,
            what: `${messageId} was sent after seq ${shown} was seen and has seq ${seq}`,
          })
        }
        const before = sentBefore.get(key)
        if (before !== undefined && seq < before.seq && !removed.has(`${conversation} ${client}`)) {
          const what = `${messageId} (seq ${seq}) was sent after ${before.messageId} (seq ${before.seq}) by ${client}`
          violations.push({ invariant: 8, at, what })
        }
        if (before === undefined || seq > before.seq) sentBefore.set(key, { seq, messageId })
        break
      }
    }
  }
  return violations
}

/** The seq of every message that anyone saw or had acknowledged. */
function seqOfMessages(history: History): Map<MessageId, Seq> {
  const seqs = new Map<MessageId, Seq>()
  for (const { messageId, seq } of history.of('sent')) seqs.set(messageId, seq)
  for (const { messages } of history.of('full-read'))
    for (const { messageId, seq } of messages) seqs.set(messageId, seq)
  return seqs
}
