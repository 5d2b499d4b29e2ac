import type { ConversationId, Seq } from '@chat4all/protocol'
import type { History, SeenMessage } from '../history/history.js'
import { goneUpto } from './erasures.js'
import type { Violation } from './violation.js'

/** Invariant 2: seqs have no gap but where all was erased, and every reader sees the same message at a seq, or that it is erased. */
export function oneOrder(history: History): Violation[] {
  const violations: Violation[] = []
  const gone = goneUpto(history)
  const seen = new Map<ConversationId, Map<Seq, SeenMessage>>()
  const see = (at: number, conversation: ConversationId, message: SeenMessage) => {
    let bySeq = seen.get(conversation)
    if (bySeq === undefined) {
      bySeq = new Map()
      seen.set(conversation, bySeq)
    }
    const before = bySeq.get(message.seq)
    if (before === undefined) bySeq.set(message.seq, message)
    else if (before.messageId !== message.messageId || !saysTheSame(before, message)) {
      const what = `seq ${message.seq} of ${conversation} is ${before.messageId} (${before.content}) and ${message.messageId} (${message.content})`
      violations.push({ invariant: 2, at, what })
    }
  }
  const noGap = (at: number, conversation: ConversationId, after: Seq, upto: Seq, messages: readonly SeenMessage[]) => {
    let expected = after + 1
    const goneTo = gone(conversation, at)
    for (const { seq } of messages) {
      if (seq !== expected && !(seq > expected && seq - 1 <= goneTo))
        violations.push({ invariant: 2, at, what: `${conversation}: seq ${seq} where ${expected} is due` })
      expected = seq + 1
    }
    if (expected !== upto + 1 && !(upto + 1 > expected && upto <= goneTo)) {
      violations.push({ invariant: 2, at, what: `${conversation}: messages end at ${expected - 1}, not at ${upto}` })
    }
  }
  for (const observation of history.observations) {
    switch (observation.type) {
      case 'delivered':
      case 'page':
        noGap(observation.at, observation.conversation, observation.after, observation.upto, observation.messages)
        break
      case 'full-read':
        noGap(observation.at, observation.conversation, 0 as Seq, observation.head, observation.messages)
        break
      default:
        continue
    }
    for (const message of observation.messages) see(observation.at, observation.conversation, message)
  }
  return violations
}

function saysTheSame(a: SeenMessage, b: SeenMessage): boolean {
  return a.isErased === true || b.isErased === true || a.content === b.content
}
