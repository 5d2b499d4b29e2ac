import type { Records } from '../records/port.js'
import { recordsWebhookDefinitions } from './definitions.js'
import { recordsDeliveryHistory } from './history.js'
import type { WebhookStore } from './port.js'
import { recordsDeliveryQueue } from './queue.js'

/** Webhooks and their deliveries, on any adapter of records. */
export function recordsWebhooks(records: Records, { now = Date.now }: { now?: () => number } = {}): WebhookStore {
  return {
    definitions: recordsWebhookDefinitions(records),
    queue: recordsDeliveryQueue(records, now),
    history: recordsDeliveryHistory(records),
  }
}
