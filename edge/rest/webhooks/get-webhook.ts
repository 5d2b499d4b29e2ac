import { webhookAnswer, webhookParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { webhookJson, webhooksOf } from './webhook-json.js'

export const getWebhook = endpoint({
  method: 'get',
  path: '/v1/webhooks/{webhook_id}',
  name: 'getWebhook',
  tag: 'Webhooks',
  summary: 'Read a webhook',
  access: 'service',
  params: webhookParams,
  answers: { 200: { description: 'The webhook.', schema: webhookAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, services) {
    const webhooks = webhooksOf(services)
    return { status: 200, body: webhookJson(await webhooks.get(identity.app, params.webhook_id), webhooks.now()) }
  },
})
