import { type MessageId, messageIdFromBytes } from '@chat4all/protocol'
import type { Random } from '../world/random.js'

/** A UUIDv4 that the seed decides. */
export function newMessageId(random: Random): { readonly messageId: MessageId; readonly bytes: Uint8Array } {
  const bytes = random.bytes(16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return { messageId: messageIdFromBytes(bytes), bytes }
}
