import { type ConversationId, messageIdFromBytes, type Message as WireMessage } from '@chat4all/protocol'
import type { Message } from './message.js'

/** The message of a frame as the application sees it. */
export function readMessage(conversation: ConversationId, wire: WireMessage, user: string | undefined): Message {
  const { seq, message_id, from, time, payload, expires, extras, trace } = wire
  const own = from === user
  const message: Message = { conversation, seq, messageId: messageIdFromBytes(message_id), from, own, time, payload }
  if (expires === undefined && extras === undefined && trace === undefined) return message
  const { to, channels, metadata } = extras ?? {}
  return {
    ...message,
    ...(expires !== undefined && { expires }),
    ...(to !== undefined && { to }),
    ...(channels !== undefined && { channels }),
    ...(metadata !== undefined && { metadata }),
    ...(trace !== undefined && { trace }),
  }
}
