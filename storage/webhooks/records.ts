import type { Records } from '../records/port.js'
import { recordsWebhookDefinitions } from './definitions.js'
import { recordsDeliveryHistory } from './history.js'
import type { WebhookStore } from './port.js'
import { recordsDeliveryQueue } from './queue.js'
import { secretBox } from './secret-box.js'

export interface RecordsWebhooksOptions {
  readonly now?: () => number
  /** With which secrets are encrypted (the first) and decrypted (all), 32 bytes each. None: they stand as they are. */
  readonly secretsKeys?: readonly Uint8Array[]
}

/** Webhooks and their deliveries, on any adapter of records. */
export function recordsWebhooks(records: Records, options: RecordsWebhooksOptions = {}): WebhookStore {
  const { now = Date.now, secretsKeys = [] } = options
  return {
    definitions: recordsWebhookDefinitions(records, secretBox(secretsKeys)),
    queue: recordsDeliveryQueue(records, now),
    history: recordsDeliveryHistory(records),
  }
}
