import { type Message, message, Reader } from '@chat4all/protocol'

/** The messages of a page: `count` encoded ones, one behind the other. */
export function messagesOf(bytes: Uint8Array, count: number): Message[] {
  const reader = new Reader(bytes)
  const messages: Message[] = []
  for (let i = 0; i < count; i++) messages.push(message.read(reader))
  return messages
}
