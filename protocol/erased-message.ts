import { Reader } from './codec/reader.js'
import { Writer } from './codec/writer.js'
import type { UserId } from './ids.js'
import { ERASED_USER, sealedMessage, storedPayload } from './schema/parts.js'

const writer = new Writer()
storedPayload.write(writer, { type: 'erased' })
const NOTHING_SAID = writer.take().slice()

/**
 * A message of a user that is to be forgotten becomes one that says nothing, of nobody: its seq, id and times stay, so
 * that the conversation has no gap.
 *
 * @returns the message as it is once its user is forgotten; undefined: it stays as it is.
 */
export function erasedFor(bytes: Uint8Array, user: UserId): Uint8Array | undefined {
  const { seq, message_id, from, time, payload, expires } = sealedMessage.read(new Reader(bytes))
  // What the server wrote in the user's name names members, and says nothing.
  if (from !== user || storedPayload.read(new Reader(payload)).type === 'membership') return undefined
  const message = { seq, message_id, from: ERASED_USER, time, payload: NOTHING_SAID, ...(expires && { expires }) }
  sealedMessage.write(writer, message)
  return writer.take().slice()
}
