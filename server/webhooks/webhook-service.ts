import { WebhookService } from '@chat4all/edge'
import type { Records } from '@chat4all/storage'
import type { Config } from '../config/settings.js'
import { webhookGuard } from './address-rules.js'
import { webhookStore } from './webhook-store.js'

/** What an edge offers of webhooks. */
export function webhookService(config: Config, records: Records): WebhookService {
  const guard = webhookGuard(config)
  return new WebhookService({ store: webhookStore(config, records), refusalOf: (url) => guard.check(url) })
}
