import { erasedFor, type Seq, type UserId } from '@chat4all/protocol'
import type { BatchRow } from './batch-row.js'
import type { MessageBatch } from './port.js'

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
