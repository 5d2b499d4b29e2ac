import { randomUUID } from 'node:crypto'
import { type Delivery, deliveryId } from '@chat4all/storage'

/** A delivery that was given up, of an id of its own. */
export function deadDelivery(time = 1_770_000_000_000): Delivery {
  const id = deliveryId(time, randomUUID().replaceAll('-', ''))
  const attempt = { number: 1, at: time, tookMs: 5, status: 500, error: 'it answered 500', excerpt: 'no' }
  return {
    id,
    event: 'message.sent',
    conversation: 'c',
    messageId: randomUUID(),
    trace: undefined,
    time,
    queued: time,
    body: JSON.stringify({ id, type: 'message.sent', data: {} }),
    attempts: 1,
    attemptLog: [attempt],
  }
}
