import type { ConversationId, MessageId, Seq } from '@chat4all/protocol'
import type { History } from '../history/history.js'

/** Something that is erased: an erasure that the logs hold. */
export interface CommittedErasure {
  readonly conversation: ConversationId
  /** What was said up to here is gone: all, or what `user` said. */
  readonly upto: Seq
  readonly user: string | undefined
  /** From when on it may be gone … */
  readonly askedAt: number
  /** … and from when on it must be. */
  readonly toldAt: number
}

/** Every erasure that was committed. */
export function committedErasures(history: History): CommittedErasure[] {
  const asked = new Map<MessageId, number>()
  for (const { messageId, at } of history.of('erasing')) asked.set(messageId, at)
  const told = new Map<MessageId, number>()
  for (const { messageId, at } of history.of('erased')) told.set(messageId, at)
  return history.of('log-content').flatMap(({ messages }) =>
    messages.flatMap(({ conversation, seq, messageId, erases }) =>
      erases === undefined
        ? []
        : {
            conversation,
            upto: seq,
            user: erases.user,
            askedAt: asked.get(messageId) ?? 0,
            toldAt: told.get(messageId) ?? Number.POSITIVE_INFINITY,
          },
    ),
  )
}

/** Conversations that were erased as a whole at some time. */
export function erasedConversations(history: History): Set<ConversationId> {
  return new Set(
    committedErasures(history)
      .filter(({ user }) => user === undefined)
      .map(({ conversation }) => conversation),
  )
}

/** Up to which seq all messages of a conversation may be gone for who looks at a moment; 0: none. */
export function goneUpto(history: History): (conversation: ConversationId, at: number) => number {
  const whole = committedErasures(history).filter(({ user }) => user === undefined)
  return (conversation, at) =>
    Math.max(
      0,
      ...whole.filter((one) => one.conversation === conversation && one.askedAt <= at).map(({ upto }) => upto),
    )
}
