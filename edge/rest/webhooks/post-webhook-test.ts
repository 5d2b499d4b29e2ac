import { queuedDeliveryAnswer, webhookParams } from '@chat4all/protocol/rest'
import { sendTest } from '../../webhooks/delivery-desk.js'
import { endpoint } from '../endpoint.js'
import { webhooksOf } from './webhook-json.js'

export const postWebhookTest = endpoint({
  method: 'post',
  path: '/v1/webhooks/{webhook_id}/test',
  name: 'testWebhook',
  tag: 'Webhooks',
  summary: 'Send an event of type webhook.test',
  description: 'It is delivered as every other event, behind those that wait. What came of it: read the delivery.',
  access: 'service',
  params: webhookParams,
  takesIdempotencyKey: true,
  answers: { 202: { description: 'It waits.', schema: queuedDeliveryAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, services) {
    const webhooks = webhooksOf(services)
    const webhook = await webhooks.get(identity.app, params.webhook_id)
    return { status: 202, body: { delivery_id: await sendTest(webhooks.store, webhook, webhooks.now()) } }
  },
})
