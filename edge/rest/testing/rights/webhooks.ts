import type { AppId } from '@chat4all/protocol'
import { deadDelivery } from '../some-delivery.js'
import { type Row, type Rows, servicesOnly, type World } from './row.js'

/** A webhook of the app, with a delivery that is dead. */
async function webhook({ fixture, tokens }: World): Promise<{ webhook_id: string; delivery_id: string }> {
  const json = { url: 'https://example.org/' }
  const { body } = await fixture.call('POST', '/v1/webhooks', { token: tokens.service!, json })
  const delivery = deadDelivery()
  await fixture.webhookStore.history.add({ app: 'demo' as AppId, id: body.webhook_id }, 'dead', [delivery])
  return { webhook_id: body.webhook_id, delivery_id: delivery.id }
}

const ofWebhook = (service: number, body?: () => unknown): Row => ({
  make: webhook,
  ...(body && { body }),
  expected: servicesOnly(service, 404),
})

export const webhookRights: Rows = {
  'post /v1/webhooks': { body: () => ({ url: 'https://example.org/' }), expected: servicesOnly(201, 201) },
  'get /v1/webhooks': { expected: servicesOnly(200, 200) },
  'get /v1/webhooks/{webhook_id}': ofWebhook(200),
  'patch /v1/webhooks/{webhook_id}': ofWebhook(200, () => ({ enabled: false })),
  'delete /v1/webhooks/{webhook_id}': ofWebhook(204),
  'post /v1/webhooks/{webhook_id}/rotate-secret': ofWebhook(200, () => ({})),
  'post /v1/webhooks/{webhook_id}/test': ofWebhook(202),
  'get /v1/webhooks/{webhook_id}/deliveries': ofWebhook(200),
  'get /v1/webhooks/{webhook_id}/deliveries/{delivery_id}': ofWebhook(200),
  'post /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver': ofWebhook(202),
  'post /v1/webhooks/{webhook_id}/redeliver': ofWebhook(202, () => ({ since: 0 })),
}
