import { createPoster, startWebhooks, WEBHOOK_LIMITS, webhookEvents } from '@chat4all/connectors'
import { type EventSource, type MessageView, type Records, recordsWebhooks } from '@chat4all/storage'
import { version } from '../process/version.js'
import type { RoleContext } from '../roles/role.js'
import type { Teardown } from '../roles/teardown.js'
import { webhookGuard } from './address-rules.js'

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
  const poster = createPoster({ guard: webhookGuard(config), limits: WEBHOOK_LIMITS, version: version() })
  teardown.add(() => poster.close())
  const webhooks = startWebhooks({
    source,
    view,
    store: recordsWebhooks(records),
    poster,
    events: webhookEvents(logger, registry),
    holder,
  })
  teardown.add(() => webhooks.stop())
}
