import { ERASED_USER, Reader, type Seq, sealedMessage, storedPayload, type UserId, Writer } from '@chat4all/protocol'
import type { BatchRow } from './batch-row.js'
import type { MessageBatch } from './port.js'

/**
 * A message of a user that is to be forgotten becomes one that says nothing, of nobody: its seq, id and times stay, so
 * that the conversation has no gap.
 */

const writer = new Writer()
storedPayload.write(writer, { type: 'custom', data: { erased: true } })
const NOTHING_SAID = writer.take().slice()

/** The message as it is once its user is forgotten; undefined: it stays as it is. */
export function erasedFor(bytes: Uint8Array, user: UserId): Uint8Array | undefined {
  const { seq, message_id, from, time, payload, expires } = sealedMessage.read(new Reader(bytes))
  // What the server wrote in the user's name names members, and says nothing.
  if (from !== user || storedPayload.read(new Reader(payload)).type === 'membership') return undefined
  const message = { seq, message_id, from: ERASED_USER, time, payload: NOTHING_SAID, ...(expires && { expires }) }
  sealedMessage.write(writer, message)
  return writer.take().slice()
}

/** The batch of a row with what the user said up to `upto` erased; undefined: there is nothing of the user in it. */
export function batchWithout(row: BatchRow, user: UserId, upto: Seq): MessageBatch | undefined {
  const messages = row.all()
  let found = false
  const kept = messages.map(({ seq, bytes }) => {
    const erased = seq > upto ? undefined : erasedFor(bytes, user)
    if (erased === undefined) return bytes
    found = true
    return erased
  })
  if (!found) return undefined
  return { ...row.toBatch(), bytes: Buffer.concat(kept), lengths: kept.map(({ length }) => length) }
}
