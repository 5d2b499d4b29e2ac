import { type Records, recordsWebhooks, type WebhookStore } from '@chat4all/storage'
import type { Config } from '../config/settings.js'

/** Webhooks as edges and those that deliver keep them; secrets encrypted, where there is a key. */
export function webhookStore({ secretsKeys }: Config, records: Records): WebhookStore {
  return recordsWebhooks(records, secretsKeys && { secretsKeys })
}
