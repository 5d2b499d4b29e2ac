import { deliveryParams, queuedDeliveryAnswer } from '@chat4all/protocol/rest'
import { redeliver } from '../../webhooks/delivery-desk.js'
import { endpoint } from '../endpoint.js'
import { webhooksOf } from './webhook-json.js'

export const postWebhookRedelivery = endpoint({
  method: 'post',
  path: '/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver',
  name: 'redeliver',
  tag: 'Webhooks',
  summary: 'Deliver once more',
  description:
    'One that is dead, or was taken, waits again, with the same id and the same payload. One that waits for its next attempt ' +
    'gets it now.',
  access: 'service',
  params: deliveryParams,
  answers: { 202: { description: 'It waits.', schema: queuedDeliveryAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, services) {
    const webhooks = webhooksOf(services)
    const webhook = await webhooks.get(identity.app, params.webhook_id)
    await redeliver(webhooks.store, webhook, params.delivery_id, webhooks.now())
    return { status: 202, body: { delivery_id: params.delivery_id } }
  },
})
