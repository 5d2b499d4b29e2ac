import type { Seq, StoredMessage } from '@chat4all/protocol'
import type { Conversation } from './conversation.js'
import type { ShardState } from './state.js'

/** The message where the view may not have it yet. */
export function messageInTail(conversation: Conversation, seq: Seq): Uint8Array | undefined {
  const batch = conversation.tail.find(({ first, last }) => first <= seq && seq <= last)
  if (batch === undefined) return undefined
  const index = seq - batch.first
  let start = 0
  for (let i = 0; i < index; i++) start += batch.lengths[i]!
  return batch.bytes.subarray(start, start + batch.lengths[index]!)
}

/** Asks the view for one message; `then` gets its bytes, undefined when it has expired. */
export function askForMessage(
  state: ShardState,
  conversation: Conversation,
  seq: Seq,
  then: (bytes: Uint8Array | undefined | 'failed') => void,
): void {
  const token = state.question<readonly StoredMessage[] | 'failed'>((messages) =>
    then(messages === 'failed' ? 'failed' : messages.find((found) => found.seq === seq)?.bytes),
  )
  state.effects.push({
    type: 'read-messages',
    token,
    conversation: conversation.id,
    after: (seq - 1) as Seq,
    before: (seq + 1) as Seq,
    limit: 1,
    newestFirst: false,
  })
}
