import { ERASED_USER, type UserId } from '@chat4all/protocol'
import type { Erasure, Message } from './message.js'

/** What a message tells to be erased; undefined: nothing. */
export function erasureOf({ conversation, seq, payload }: Message): Erasure | undefined {
  if (payload.type !== 'membership') return undefined
  const { erased, forgotten } = payload
  return erased || forgotten !== undefined
    ? { conversation, user: erased ? undefined : forgotten, upto: seq }
    : undefined
}

/**
 * A message as it is after an erasure: the same object when it does not concern it, else one of nobody that says nothing,
 * as the server has it from then on. For whoever keeps messages, such as a page that shows them.
 */
export function afterErasure(message: Message, { conversation, user, upto }: Erasure): Message {
  const isConcerned =
    message.conversation === conversation &&
    message.seq <= upto &&
    (user === undefined || message.from === user) &&
    // What the server wrote in the user's name names members, and says nothing.
    message.payload.type !== 'membership'
  if (!isConcerned) return message
  const { seq, messageId, time, expires } = message
  const nothing = {
    conversation,
    seq,
    messageId,
    from: ERASED_USER,
    own: false,
    time,
    payload: { type: 'erased' },
  } as const
  return { ...nothing, ...(expires !== undefined && { expires }) }
}

/**
 * What this client was told to be erased in one conversation. A page of history that was read before may arrive after:
 * what it says must not be shown again.
 */
export class Erasures {
  private readonly byUser = new Map<UserId | undefined, Erasure>()

  note(erasure: Erasure): void {
    this.byUser.set(erasure.user, erasure)
  }

  applyTo(message: Message): Message {
    let now = message
    for (const erasure of this.byUser.values()) now = afterErasure(now, erasure)
    return now
  }
}
