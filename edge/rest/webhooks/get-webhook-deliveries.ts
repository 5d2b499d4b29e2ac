import {
  type DeliveryListAnswer,
  deliveryListAnswer,
  listDeliveriesQuery,
  webhookParams,
} from '@chat4all/protocol/rest'
import { type DeliveryPlace, listDeliveries, STAGES, type Stage } from '../../webhooks/delivery-desk.js'
import { endpoint } from '../endpoint.js'
import { InvalidRequest } from '../http/invalid-request.js'
import { nextLink } from '../http/next-link.js'
import { deliveryJson, webhooksOf } from './webhook-json.js'

const DELIVERIES_UNLESS_TOLD = 50

export const getWebhookDeliveries = endpoint({
  method: 'get',
  path: '/v1/webhooks/{webhook_id}/deliveries',
  name: 'listDeliveries',
  tag: 'Webhooks',
  summary: 'List deliveries, with their attempts',
  description: 'Those that were taken at the first attempt show up within some seconds.',
  access: 'service',
  params: webhookParams,
  query: listDeliveriesQuery,
  answers: {
    200: { description: 'Deliveries.', schema: deliveryListAnswer, headers: { Link: 'The next page, rel="next".' } },
  },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params, query }, services) {
    const webhooks = webhooksOf(services)
    const webhook = await webhooks.get(identity.app, params.webhook_id)
    const { status, limit = DELIVERIES_UNLESS_TOLD, cursor } = query
    const from = cursor === undefined ? undefined : placeOf(cursor)
    const { deliveries, next } = await listDeliveries(webhooks.store, webhook, status, limit, from)
    const more = next && { ...(status !== undefined && { status }), limit, cursor: cursorOf(next) }
    const { body, headers } = nextLink(`/v1/webhooks/${webhook.id}/deliveries`, more)
    const answer: DeliveryListAnswer = { deliveries: deliveries.map((each) => deliveryJson(webhook, each)), ...body }
    return { status: 200, body: answer, headers }
  },
})

function cursorOf({ stage, skip, after = '' }: DeliveryPlace): string {
  return Buffer.from(`${stage}/${skip}/${after}`).toString('base64url')
}

const CURSOR = /^(\w+)\/(\d{1,4})\/([\w-]{0,128})$/

function placeOf(cursor: string): DeliveryPlace {
  const [, stage, skip, after] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (!STAGES.includes(stage as Stage)) {
    throw new InvalidRequest([{ path: 'cursor', message: 'Not a cursor of this listing.' }])
  }
  return { stage: stage as Stage, skip: Number(skip), ...(after !== '' && { after: after! }) }
}
