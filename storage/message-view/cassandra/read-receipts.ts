import type { ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'
import { type Client, types } from 'cassandra-driver'
import type { StoredReceipt, StoredRise } from '../port.js'
import { bucketOf } from './partitions.js'
import { extentOf } from './read-messages.js'

const RISE =
  'SELECT time FROM receipts WHERE conversation = ? AND bucket = ? AND user = ? AND kind = ? AND upto >= ? LIMIT 1'

/** MessageView.receipts. A rise stands in the bucket of the seq that it came to: most often that of the message itself. */
export async function readReceipts(
  client: Client,
  conversation: ConversationId,
  seq: Seq,
  users: readonly UserId[],
): Promise<StoredReceipt[]> {
  const { head } = await extentOf(client, conversation)
  const since = async (user: UserId, kind: StoredRise['kind']): Promise<Millis | undefined> => {
    for (let bucket = bucketOf(seq); bucket <= bucketOf(head); bucket++) {
      const params = [conversation, bucket, user, kind, types.Long.fromNumber(seq)]
      const { rows } = await client.execute(RISE, params, { prepare: true, isIdempotent: true })
      if (rows[0] !== undefined) return Number(rows[0].time) as Millis
    }
    return undefined
  }
  return Promise.all(
    users.map(async (user) => {
      const [delivered, read] = await Promise.all([since(user, 'delivered'), since(user, 'read')])
      return { user, ...(delivered !== undefined && { delivered }), ...(read !== undefined && { read }) }
    }),
  )
}
