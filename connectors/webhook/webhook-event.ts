import { createHash } from 'node:crypto'
import type { AppId } from '@chat4all/protocol'
import type { WebhookEventData } from '@chat4all/protocol/rest'
import { type Delivery, deliveryId, type Webhook } from '@chat4all/storage'

/** Something that happened, before it is known who wants to hear of it. */
export interface WebhookEvent<Type extends keyof WebhookEventData = keyof WebhookEventData> {
  readonly type: Type
  readonly app: AppId
  /** What tells it from every other event of its type: the same whenever the event is read from the stream again. */
  readonly key: string
  readonly conversation: string | undefined
  readonly messageId: string | undefined
  readonly trace: string | undefined
  /** Milliseconds since 1970. */
  readonly time: number
  readonly data: WebhookEventData[Type]
}

/** Whether a webhook wants an event. What was before it existed is not told. */
export function isWanted(webhook: Webhook, event: Pick<WebhookEvent, 'type' | 'time'>): boolean {
  return webhook.enabled && event.time >= webhook.created && wantsType(webhook, event.type)
}

export function wantsType({ events }: Webhook, type: string): boolean {
  return events === undefined || events.includes(type)
}

/** An event on its way to a webhook. Its id follows from both, so that a repetition is recognised as one. */
export function deliveryOf(webhook: Webhook, event: WebhookEvent, now: number): Delivery {
  const { type, conversation, messageId, trace, time, data } = event
  const digest = createHash('sha256').update(`${webhook.id}\n${type}\n${event.key}`).digest('hex').slice(0, 32)
  const id = deliveryId(time, digest)
  return {
    id,
    event: type,
    conversation,
    messageId,
    trace,
    time,
    queued: now,
    body: JSON.stringify({ id, type, timestamp: new Date(time).toISOString(), data }),
    attempts: 0,
    attemptLog: [],
  }
}
