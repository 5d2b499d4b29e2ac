import { listWebhooksQuery, type WebhookListAnswer, webhookListAnswer } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { nextLink } from '../http/next-link.js'
import { webhookJson, webhooksOf } from './webhook-json.js'

const WEBHOOKS_UNLESS_TOLD = 50

export const getWebhooks = endpoint({
  method: 'get',
  path: '/v1/webhooks',
  name: 'listWebhooks',
  tag: 'Webhooks',
  summary: 'List the webhooks of the app',
  access: 'service',
  query: listWebhooksQuery,
  answers: {
    200: { description: 'Webhooks.', schema: webhookListAnswer, headers: { Link: 'The next page, rel="next".' } },
  },
  refusals: [],
  async handle({ identity, query }, services) {
    const webhooks = webhooksOf(services)
    const { limit = WEBHOOKS_UNLESS_TOLD, cursor } = query
    const found = await webhooks.list(identity.app, { limit, ...(cursor !== undefined && { after: cursor }) })
    const last = found.length === limit ? found.at(-1) : undefined
    const { body, headers } = nextLink('/v1/webhooks', last && { limit, cursor: last.id })
    const now = webhooks.now()
    const answer: WebhookListAnswer = { webhooks: found.map((webhook) => webhookJson(webhook, now)), ...body }
    return { status: 200, body: answer, headers }
  },
})
