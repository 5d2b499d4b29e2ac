import {
  type RotatedWebhookSecretAnswer,
  rotatedWebhookSecretAnswer,
  rotateWebhookSecretBody,
  webhookParams,
} from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { webhooksOf } from './webhook-json.js'

export const postWebhookRotateSecret = endpoint({
  method: 'post',
  path: '/v1/webhooks/{webhook_id}/rotate-secret',
  name: 'rotateWebhookSecret',
  tag: 'Webhooks',
  summary: 'Make a new secret',
  description:
    'During the overlap each request carries a signature by both secrets, so that receivers change theirs without losing ' +
    'an event.',
  access: 'service',
  params: webhookParams,
  body: rotateWebhookSecretBody,
  takesIdempotencyKey: true,
  answers: { 200: { description: 'The new secret.', schema: rotatedWebhookSecretAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params, body }, services) {
    const rotated = await webhooksOf(services).rotate(identity.app, params.webhook_id, body.overlap)
    const answer: RotatedWebhookSecretAnswer = { secret: rotated.secret, previous_expires: rotated.previousExpires }
    return { status: 200, body: answer }
  },
})
