import { type Message, messageIdFromBytes } from '@chat4all/protocol'
import type { SeenMessage } from '../history/history.js'

/** A message as the history keeps it. */
export function seenMessage(message: Message): SeenMessage {
  const { payload, seq } = message
  return {
    seq,
    messageId: messageIdFromBytes(message.message_id),
    content: contentOf(message),
    ...(payload.type === 'erased' && { isErased: true }),
    ...(payload.type !== 'erased' && payload.type !== 'membership' && { saidBy: message.from }),
  }
}

/** Everything that all readers must agree on, besides seq and id. */
function contentOf({ from, time, payload }: Message): string {
  switch (payload.type) {
    case 'text':
      return `${from} ${time} ${payload.text}`
    case 'membership':
      return `${from} ${time} +${payload.added.join(',')} -${payload.removed.join(',')}`
    default:
      return `${from} ${time} ${payload.type}`
  }
}
