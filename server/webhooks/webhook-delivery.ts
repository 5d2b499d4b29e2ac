import { createPoster, startWebhooks, WEBHOOK_LIMITS, webhookEvents } from '@chat4all/connectors'
import type { EventSource, MessageView, Records } from '@chat4all/storage'
import { version } from '../process/version.js'
import type { RoleContext } from '../roles/role.js'
import type { Teardown } from '../roles/teardown.js'
import { webhookGuard } from './address-rules.js'
import { webhookStore } from './webhook-store.js'

export interface WebhookDeliveryParts {
  readonly source: EventSource
  readonly view: MessageView
  readonly records: Records
  /** The name of this process among those that deliver: the same after a restart, so that it goes on at once. */
  readonly holder: string
}

/** Delivers webhooks in this process until the teardown. */
export function startWebhookDelivery(
  { config, logger, registry }: RoleContext,
  { source, view, records, holder }: WebhookDeliveryParts,
  teardown: Teardown,
): void {
  const store = webhookStore(config, records)
  // Once everything is written with the first key, the others can go.
  store.definitions.sealAnew().then(
    (count) => {
      if (count > 0) logger.info({ webhooks: count }, 'secrets of webhooks were encrypted with the current key')
    },
    (error: Error) => logger.error({ err: error }, 'secrets of webhooks could not be encrypted with the current key'),
  )
  const poster = createPoster({ guard: webhookGuard(config), limits: WEBHOOK_LIMITS, version: version() })
  teardown.add(() => poster.close())
  const webhooks = startWebhooks({
    source,
    view,
    store,
    poster,
    events: webhookEvents(logger, registry),
    holder,
  })
  teardown.add(() => webhooks.stop())
}
