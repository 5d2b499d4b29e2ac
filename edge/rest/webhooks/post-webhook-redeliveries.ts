import { type RedeliveredAnswer, redeliverBody, redeliveredAnswer, webhookParams } from '@chat4all/protocol/rest'
import { redeliverDead } from '../../webhooks/delivery-desk.js'
import { endpoint } from '../endpoint.js'
import { webhooksOf } from './webhook-json.js'

export const postWebhookRedeliveries = endpoint({
  method: 'post',
  path: '/v1/webhooks/{webhook_id}/redeliver',
  name: 'redeliverDead',
  tag: 'Webhooks',
  summary: 'Deliver all dead letters of a time once more',
  description:
    'After an outage that was longer than the attempts, or after the webhook was disabled and is enabled again.',
  access: 'service',
  params: webhookParams,
  body: redeliverBody,
  takesIdempotencyKey: true,
  answers: { 202: { description: 'They wait.', schema: redeliveredAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params, body }, services) {
    const webhooks = webhooksOf(services)
    const webhook = await webhooks.get(identity.app, params.webhook_id)
    const { since, until = Number.MAX_SAFE_INTEGER } = body
    const answer: RedeliveredAnswer = await redeliverDead(webhooks.store, webhook, {
      since,
      until,
      now: webhooks.now(),
    })
    return { status: 202, body: answer }
  },
})
