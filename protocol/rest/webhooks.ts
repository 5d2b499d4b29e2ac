import { z } from 'zod'
import { conversationId, moment, queryNumber, storedMessageId, utf8String } from './scalars.js'
import { WEBHOOK_EVENT_TYPES } from './webhook-events.js'

/** Bodies of /v1/webhooks and of what lies below it. What is sent to a webhook: webhook-events.ts. */

const webhookId = z
  .string()
  .regex(/^wh_[0-9a-f]{32}$/, 'Not the id of a webhook')
  .meta({ id: 'WebhookId', example: 'wh_0f4b6a4e9d1c4d7a8b5e3f2a1c0d9e8f' })

const deliveryId = z
  .string()
  .regex(/^evt_[0-9a-z]{9}[0-9a-f]{32}$/, 'Not the id of a delivery')
  .meta({
    id: 'DeliveryId',
    description: 'The header `webhook-id` of each of its attempts.',
    example: 'evt_0mka1x2b4f1d2c3b4a59687f6e5d4c3b2a190807f',
  })

const url = utf8String(2048).meta({
  description: 'Where events are posted: https, a public host, no user or password in it. Redirects are not followed.',
  example: 'https://shop.example.org/chat-events',
})

const eventTypes = z
  .array(z.enum(WEBHOOK_EVENT_TYPES).meta({ id: 'WebhookEventType' }))
  .min(1)
  .max(WEBHOOK_EVENT_TYPES.length)

const description = utf8String(256).meta({ description: 'For people.' })

const enabled = z.boolean().meta({
  description: 'Events of a time when it was false are not sent later; what waited then becomes dead.',
})

const secret = z.string().meta({
  description: 'Checks signatures (Standard Webhooks). Shown now and never again.',
  example: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
})

export const createWebhookBody = z
  .object({
    url,
    events: eventTypes.optional().meta({ description: 'Only these are sent; all unless given.' }),
    description: description.optional(),
    enabled: enabled.optional(),
  })
  .meta({ id: 'CreateWebhookBody' })

export const changeWebhookBody = z
  .object({
    url: url.optional(),
    events: eventTypes.nullable().optional().meta({ description: 'null: all.' }),
    description: description.optional(),
    enabled: enabled.optional(),
  })
  .meta({ id: 'ChangeWebhookBody', description: 'What is left out stays as it is.' })

export const webhookAnswer = z
  .object({
    webhook_id: webhookId,
    url,
    events: eventTypes.nullable().meta({ description: 'null: all.' }),
    description,
    enabled,
    disabled_reason: z
      .enum(['failing', 'gone'])
      .nullable()
      .meta({ description: 'Why the server disabled it: nothing was taken for days, or it answered 410.' }),
    created: moment,
    updated: moment,
    secrets: z.array(z.object({ expires: moment.optional() })).meta({
      description:
        'One for each secret that signs now, the current one first; several, with their ends, while it is rotated.',
    }),
  })
  .meta({ id: 'Webhook' })

export const webhookCreatedAnswer = webhookAnswer.extend({ secret }).meta({ id: 'WebhookCreated' })

export const listWebhooksQuery = z.object({
  limit: queryNumber(1, 100, 'Webhooks in one page; 50 unless given.').optional(),
  cursor: z.string().max(256).optional().meta({ description: 'From `next` of the page before.' }),
})

export const webhookListAnswer = z
  .object({ webhooks: z.array(webhookAnswer), next: z.string().nullable() })
  .meta({ id: 'WebhookList' })

export const webhookParams = z.object({ webhook_id: webhookId })

export const rotateWebhookSecretBody = z
  .object({
    overlap: z.int().min(0).max(604_800).optional().meta({
      description: 'For so many seconds the secret of before signs too; a day unless given.',
    }),
  })
  .meta({ id: 'RotateWebhookSecretBody' })

export const rotatedWebhookSecretAnswer = z
  .object({ secret, previous_expires: moment })
  .meta({ id: 'RotatedWebhookSecret' })

export const deliveryParams = z.object({ webhook_id: webhookId, delivery_id: deliveryId })

const deliveryStatus = z.enum(['pending', 'succeeded', 'dead']).meta({
  id: 'DeliveryStatus',
  description:
    'pending: waits for its first or next attempt. succeeded: taken by the receiver; kept for 3 days. dead: given up ' +
    'after 3 days of attempts, or because the webhook was disabled; kept for 30 days, can be redelivered.',
})

const attemptAnswer = z
  .object({
    number: z.int().min(1),
    at: moment,
    took_ms: z.number().min(0),
    status: z.int().optional().meta({ description: 'HTTP status; left out when no answer came.' }),
    error: z.string().optional().meta({ description: 'Why it does not count as taken.' }),
    excerpt: z.string().optional().meta({ description: 'The beginning of the body of the answer.' }),
  })
  .meta({ id: 'DeliveryAttempt' })

export const deliveryAnswer = z
  .object({
    delivery_id: deliveryId,
    webhook_id: webhookId,
    event: z.string(),
    status: deliveryStatus,
    conversation_id: conversationId.optional(),
    message_id: storedMessageId.optional(),
    time: moment.meta({ description: 'When the event was.' }),
    attempts: z.int().min(0).meta({ description: 'How many were made.' }),
    next_attempt: moment.optional().meta({ description: 'When it is attempted by itself again.' }),
    attempt_log: z.array(attemptAnswer).meta({ description: 'The last ten attempts, oldest first.' }),
  })
  .meta({ id: 'Delivery' })

export const deliveryWithPayloadAnswer = deliveryAnswer
  .extend({ payload: z.unknown().meta({ description: 'What is sent, as JSON.' }) })
  .meta({ id: 'DeliveryWithPayload' })

export const listDeliveriesQuery = z.object({
  status: deliveryStatus.optional().meta({
    description: 'Only these. Unless given: those that wait, then those given up, then those taken.',
  }),
  limit: queryNumber(1, 100, 'Deliveries in one page; 50 unless given.').optional(),
  cursor: z.string().max(512).optional().meta({ description: 'From `next` of the page before.' }),
})

export const deliveryListAnswer = z
  .object({
    deliveries: z.array(deliveryAnswer).meta({
      description: 'Of those that wait the oldest first; of those that ended the newest event first.',
    }),
    next: z.string().nullable().meta({ description: 'Address of the next page; null: this is the last.' }),
  })
  .meta({ id: 'DeliveryList' })

export const queuedDeliveryAnswer = z.object({ delivery_id: deliveryId }).meta({ id: 'QueuedDelivery' })

export const redeliverBody = z
  .object({
    since: moment.meta({ description: 'Dead deliveries of events from then on.' }),
    until: moment.optional().meta({ description: 'And before then.' }),
  })
  .meta({ id: 'RedeliverBody' })

export const redeliveredAnswer = z
  .object({
    redelivered: z.int().min(0).meta({ description: 'Deliveries that wait again, oldest event first.' }),
    more: z.boolean().meta({ description: 'There are more of them: send the same request again.' }),
  })
  .meta({ id: 'Redelivered' })

export type WebhookAnswer = z.output<typeof webhookAnswer>
export type WebhookCreatedAnswer = z.output<typeof webhookCreatedAnswer>
export type WebhookListAnswer = z.output<typeof webhookListAnswer>
export type RotatedWebhookSecretAnswer = z.output<typeof rotatedWebhookSecretAnswer>
export type DeliveryAnswer = z.output<typeof deliveryAnswer>
export type DeliveryWithPayloadAnswer = z.output<typeof deliveryWithPayloadAnswer>
export type DeliveryListAnswer = z.output<typeof deliveryListAnswer>
export type RedeliveredAnswer = z.output<typeof redeliveredAnswer>
