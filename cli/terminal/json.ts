import type { Message } from '@chat4all/sdk/node'

/** One JSON value on a line of its own. Bytes, which JSON lacks, become base64. */
export function printJson(value: unknown): void {
  console.log(
    JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? Buffer.from(part).toString('base64') : part)),
  )
}

/** A message with the names that REST gives its fields. */
export function messageJson(message: Message): object {
  const { messageId, conversation, ...rest } = message
  const { own: _, ...fields } = rest
  return { message_id: messageId, conversation_id: conversation, ...fields }
}
