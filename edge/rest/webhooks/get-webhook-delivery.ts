import { type DeliveryWithPayloadAnswer, deliveryParams, deliveryWithPayloadAnswer } from '@chat4all/protocol/rest'
import { findDelivery } from '../../webhooks/delivery-desk.js'
import { endpoint } from '../endpoint.js'
import { deliveryJson, webhooksOf } from './webhook-json.js'

export const getWebhookDelivery = endpoint({
  method: 'get',
  path: '/v1/webhooks/{webhook_id}/deliveries/{delivery_id}',
  name: 'getDelivery',
  tag: 'Webhooks',
  summary: 'Read a delivery, with what is sent',
  access: 'service',
  params: deliveryParams,
  answers: { 200: { description: 'The delivery.', schema: deliveryWithPayloadAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, services) {
    const webhooks = webhooksOf(services)
    const webhook = await webhooks.get(identity.app, params.webhook_id)
    const seen = await findDelivery(webhooks.store, webhook, params.delivery_id)
    const answer: DeliveryWithPayloadAnswer = {
      ...deliveryJson(webhook, seen),
      payload: JSON.parse(seen.delivery.body) as unknown,
    }
    return { status: 200, body: answer }
  },
})
