import type { ConversationId, MessageId, Seq } from '@chat4all/protocol'
import type { FullRead, History, Page } from '../history/history.js'
import { goneUpto } from './erasures.js'
import type { Violation } from './violation.js'

/** Invariant 1: an acknowledged message that is not erased is in every later read of its place, exactly once, at its seq. */
export function acknowledgedIsRead(history: History): Violation[] {
  const violations: Violation[] = []
  const fail = (at: number, what: string) => violations.push({ invariant: 1, at, what })

  const acknowledged = new Map<
    ConversationId,
    { readonly at: number; readonly seq: Seq; readonly messageId: MessageId }[]
  >()
  const seqs = new Map<MessageId, Seq>()
  const gone = goneUpto(history)
  for (const { at, conversation, seq, messageId } of history.of('sent')) {
    const list = acknowledged.get(conversation)
    if (list === undefined) acknowledged.set(conversation, [{ at, seq, messageId }])
    else list.push({ at, seq, messageId })
    const before = seqs.get(messageId)
    if (before !== undefined && before !== seq) fail(at, `${messageId} was acknowledged at seq ${before} and at ${seq}`)
    seqs.set(messageId, seq)
  }

  for (const read of [...history.of('full-read').map(asPage), ...history.of('page')]) {
    const bySeq = new Map(read.messages.map((message) => [message.seq, message.messageId]))
    const ids = new Set<MessageId>()
    for (const { messageId, seq } of read.messages) {
      if (ids.has(messageId))
        fail(read.at, `${messageId} is twice in one read of ${read.conversation}, the second at ${seq}`)
      ids.add(messageId)
    }
    for (const { at, seq, messageId } of acknowledged.get(read.conversation) ?? []) {
      if (at >= read.askedAt) continue
      const place = `seq ${seq} of ${read.conversation}, acknowledged at ${at.toFixed(1)}`
      if (read.head < seq)
        fail(read.at, `a read asked at ${read.askedAt.toFixed(1)} ends at ${read.head}, before ${place}`)
      // What is erased need not be there; that it must not be, invariant 10 demands.
      else if (seq <= gone(read.conversation, read.at)) continue
      else if (seq > read.after && seq <= read.upto && seq >= read.first && bySeq.get(seq) !== messageId) {
        fail(read.at, `a read has ${bySeq.get(seq) ?? 'nothing'} instead of ${messageId} at ${place}`)
      }
    }
  }
  return violations
}

function asPage(read: FullRead): Omit<Page, 'type' | 'client' | 'session'> {
  return { ...read, after: 0 as Seq, upto: read.head, first: 1 as Seq }
}
