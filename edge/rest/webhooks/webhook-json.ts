import { Chat4AllError } from '@chat4all/protocol'
import type { DeliveryAnswer, WebhookAnswer } from '@chat4all/protocol/rest'
import type { Attempt, Webhook } from '@chat4all/storage'
import type { SeenDelivery } from '../../webhooks/delivery-desk.js'
import { UrlRefusedError, type WebhookService } from '../../webhooks/webhook-service.js'
import { InvalidRequest } from '../http/invalid-request.js'
import type { RestServices } from '../services.js'

/** How webhooks and deliveries are told in JSON. */

/** @throws Chat4AllError UNAVAILABLE where this server has no webhooks. */
export function webhooksOf({ webhooks }: RestServices): WebhookService {
  if (webhooks === undefined) throw new Chat4AllError('UNAVAILABLE', 'This server has no webhooks.')
  return webhooks
}

export function webhookJson(webhook: Webhook, now: number): WebhookAnswer {
  const { id, url, events, description, enabled, disabledReason, created, updated, secrets } = webhook
  const valid = secrets.filter(({ expires }) => expires === undefined || expires > now)
  return {
    webhook_id: id,
    url,
    events: events === undefined ? null : (events as WebhookAnswer['events']),
    description,
    enabled,
    disabled_reason: disabledReason ?? null,
    created,
    updated,
    secrets: valid.map(({ expires }) => (expires === undefined ? {} : { expires })),
  }
}

export function deliveryJson(webhook: Webhook, { delivery, status, due }: SeenDelivery): DeliveryAnswer {
  const { id, event, conversation, messageId, time, attempts, attemptLog } = delivery
  return {
    delivery_id: id,
    webhook_id: webhook.id,
    event,
    status,
    ...(conversation !== undefined && { conversation_id: conversation }),
    ...(messageId !== undefined && { message_id: messageId }),
    time,
    attempts,
    ...(due !== undefined && { next_attempt: due }),
    attempt_log: attemptLog.map(attemptJson),
  }
}

function attemptJson({ number, at, tookMs, status, error, excerpt }: Attempt): DeliveryAnswer['attempt_log'][number] {
  return {
    number,
    at,
    took_ms: tookMs,
    ...(status !== undefined && { status }),
    ...(error !== undefined && { error }),
    ...(excerpt !== undefined && { excerpt }),
  }
}

/** What is thrown when a URL may not be called names the field. */
export function withUrlFault<Result>(result: Promise<Result>): Promise<Result> {
  return result.catch((error: unknown) => {
    if (!(error instanceof UrlRefusedError)) throw error
    throw new InvalidRequest([{ path: '/url', message: `This URL cannot be called: ${error.message}.` }])
  })
}
