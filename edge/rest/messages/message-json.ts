import {
  type ConversationId,
  type Message,
  message,
  messageIdFromBytes,
  Reader,
  type StoredPayload,
} from '@chat4all/protocol'
import type { MessageAnswer, StoredPayloadJson } from '@chat4all/protocol/rest'

/** A committed message as REST shows it. */
export function messageJson(conversation: ConversationId, stored: Message): MessageAnswer {
  const { extras } = stored
  return {
    message_id: messageIdFromBytes(stored.message_id),
    conversation_id: conversation,
    seq: stored.seq,
    from: stored.from,
    time: stored.time,
    payload: payloadJson(stored.payload),
    ...(extras?.to !== undefined && { to: extras.to }),
    ...(extras?.channels !== undefined && { channels: extras.channels }),
    ...(extras?.metadata !== undefined && { metadata: extras.metadata }),
    ...(stored.expires !== undefined && { expires: stored.expires }),
    ...(stored.trace !== undefined && { trace: stored.trace }),
  }
}

/** The messages of a page: `count` encoded ones, one behind the other. */
export function messagesOf(bytes: Uint8Array, count: number): Message[] {
  const reader = new Reader(bytes)
  const messages: Message[] = []
  for (let i = 0; i < count; i++) messages.push(message.read(reader))
  return messages
}

function payloadJson(payload: StoredPayload): StoredPayloadJson {
  return payload.type === 'custom' ? { type: 'custom', data: plainJson(payload.data) } : payload
}

/** MessagePack has binary, which JSON lacks: it becomes base64. How deep values lie was bounded when they were sent. */
function plainJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(plainJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainJson(inner)]))
}
