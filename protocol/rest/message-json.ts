import type { ConversationId } from '../ids.js'
import { messageIdFromBytes } from '../ids.js'
import type { Message, StoredPayload } from '../schema/parts.js'
import type { MessageAnswer } from './messages.js'
import type { StoredPayloadJson } from './payloads.js'

/** A committed message as REST and webhooks show it. */
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

function payloadJson(payload: StoredPayload): StoredPayloadJson {
  return payload.type === 'custom' ? { type: 'custom', data: plainJson(payload.data) } : payload
}

/** MessagePack has binary, which JSON lacks: it becomes base64. How deep values lie was bounded when they were sent. */
function plainJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return base64(value)
  if (Array.isArray(value)) return value.map(plainJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainJson(inner)]))
}

/** Without Buffer, which browsers lack. */
function base64(bytes: Uint8Array): string {
  let characters = ''
  for (const byte of bytes) characters += String.fromCharCode(byte)
  return btoa(characters)
}
