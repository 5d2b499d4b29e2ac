import { webhookParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { webhooksOf } from './webhook-json.js'

export const deleteWebhook = endpoint({
  method: 'delete',
  path: '/v1/webhooks/{webhook_id}',
  name: 'deleteWebhook',
  tag: 'Webhooks',
  summary: 'Delete a webhook, with all that waits for it',
  access: 'service',
  params: webhookParams,
  answers: { 204: { description: 'It is gone.' } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, services) {
    await webhooksOf(services).remove(identity.app, params.webhook_id)
    return { status: 204 }
  },
})
