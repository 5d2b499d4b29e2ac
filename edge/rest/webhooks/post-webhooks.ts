import { createWebhookBody, type WebhookCreatedAnswer, webhookCreatedAnswer } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { webhookJson, webhooksOf, withUrlFault } from './webhook-json.js'

export const postWebhooks = endpoint({
  method: 'post',
  path: '/v1/webhooks',
  name: 'createWebhook',
  tag: 'Webhooks',
  summary: 'Register a webhook',
  description:
    'From now on events of the app are posted to the URL, signed as Standard Webhooks has it. The answer holds the secret ' +
    'that checks signatures; it is not shown again. What is posted: see `webhooks` of this document.',
  access: 'service',
  body: createWebhookBody,
  takesIdempotencyKey: true,
  answers: {
    201: {
      description: 'The webhook, and its secret.',
      schema: webhookCreatedAnswer,
      headers: { Location: 'Path of the webhook.' },
    },
  },
  refusals: [],
  async handle({ identity, body, onceId }, services) {
    const webhooks = webhooksOf(services)
    const { url, events, description = '', enabled = true } = body
    const created = await withUrlFault(webhooks.create(identity.app, { url, events, description, enabled }, onceId))
    const answer: WebhookCreatedAnswer = { ...webhookJson(created, webhooks.now()), secret: created.secret }
    return { status: 201, body: answer, headers: { location: `/v1/webhooks/${created.id}` } }
  },
})
