import { changeWebhookBody, webhookAnswer, webhookParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { webhookJson, webhooksOf, withUrlFault } from './webhook-json.js'

export const patchWebhook = endpoint({
  method: 'patch',
  path: '/v1/webhooks/{webhook_id}',
  name: 'changeWebhook',
  tag: 'Webhooks',
  summary: 'Change a webhook',
  description: 'What waits already is sent to the new URL.',
  access: 'service',
  params: webhookParams,
  body: changeWebhookBody,
  answers: { 200: { description: 'The webhook as it is now.', schema: webhookAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params, body }, services) {
    const webhooks = webhooksOf(services)
    const { url, events, description, enabled } = body
    const changed = await withUrlFault(
      webhooks.change(identity.app, params.webhook_id, {
        ...(url !== undefined && { url }),
        ...(events !== undefined && { events: events ?? undefined }),
        ...(description !== undefined && { description }),
        ...(enabled !== undefined && { enabled }),
      }),
    )
    return { status: 200, body: webhookJson(changed, webhooks.now()) }
  },
})
