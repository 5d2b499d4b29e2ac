import { z } from 'zod'
import { conversationType } from './conversations.js'
import { messageAnswer } from './messages.js'
import { conversationId, metadata, moment, seqNumber, storedMessageId, userId } from './scalars.js'

/**
 * What is posted to webhooks: `{id, type, timestamp, data}` as Standard Webhooks has it, one schema of `data` for each
 * type. Only ever added to: receivers ignore types and fields that they do not know.
 */

/** Types that a webhook can be registered for. */
export const WEBHOOK_EVENT_TYPES = [
  'message.sent',
  'message.delivered',
  'message.read',
  'conversation.created',
  'member.added',
  'member.removed',
  'conversation.changed',
  'messages.erased',
  'connector.failed',
  'webhook.disabled',
] as const
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number]

const user = userId.meta({ description: 'The member that has it.' })

const receipt = {
  message_id: storedMessageId,
  conversation_id: conversationId,
  seq: seqNumber,
  time: moment,
  from: userId,
  user,
}

const change = {
  conversation_id: conversationId,
  message_id: storedMessageId,
  seq: seqNumber,
  time: moment,
  by: userId,
}

const membership = { ...change, users: z.array(userId) }

const DATA = {
  'message.sent': messageAnswer.extend({ status: z.literal('sent') }),
  'message.delivered': z.object({ ...receipt, status: z.literal('delivered') }),
  'message.read': z.object({ ...receipt, status: z.literal('read') }),
  'conversation.created': z.object({
    conversation_id: conversationId,
    type: conversationType,
    members: z.array(userId),
    admins: z.array(userId),
    metadata,
    time: moment,
  }),
  'member.added': z.object(membership),
  'member.removed': z.object(membership),
  'conversation.changed': z.object({
    ...change,
    promoted: z.array(userId).optional().meta({ description: 'Admins from here on.' }),
    demoted: z.array(userId).optional().meta({ description: 'Admins no more.' }),
    metadata: metadata.optional().meta({ description: 'The labels from here on.' }),
  }),
  'messages.erased': z.object({
    ...change,
    user: userId.optional().meta({ description: 'Only what this user said; absent: the whole conversation.' }),
  }),
  'connector.failed': z.object({
    message_id: storedMessageId,
    conversation_id: conversationId,
    seq: seqNumber,
    status: z.literal('failed'),
    channel: z.string(),
    user,
    reason: z.string(),
    time: moment,
  }),
  'webhook.disabled': z.object({
    webhook_id: z.string(),
    url: z.string(),
    reason: z.enum(['failing', 'gone']),
    time: moment,
  }),
  'webhook.test': z.object({ webhook_id: z.string(), time: moment }),
} as const satisfies Record<WebhookEventType | 'webhook.test', z.ZodObject>

type EventTypes = keyof typeof DATA
export type WebhookEventData = { [Type in EventTypes]: z.output<(typeof DATA)[Type]> }

const SUMMARIES: Readonly<Record<EventTypes, string>> = {
  'message.sent': 'A message is stored for good, at this seq',
  'message.delivered': 'A message is on a device of a member',
  'message.read': 'A member has read a message',
  'conversation.created': 'A conversation came into being',
  'member.added': 'Users became members of a group',
  'member.removed': 'Users are no longer members of a group',
  'conversation.changed': 'Roles of members, or the labels of a conversation, are others',
  'messages.erased': 'What was said up to this seq is erased: erase it where you keep it',
  // Nothing raises it before there is a channel; its shape is promised, so that receivers can be written for it.
  'connector.failed': 'A message could not be delivered on an external channel (there is none yet)',
  'webhook.disabled': 'The server disabled another webhook of the app',
  'webhook.test': 'Asked for by POST /v1/webhooks/{webhook_id}/test',
}

const nameOf = (type: EventTypes): string =>
  `${type
    .split('.')
    .map((word) => word[0]!.toUpperCase() + word.slice(1))
    .join('')}Event`

function event<Type extends EventTypes>(type: Type) {
  return {
    type,
    summary: SUMMARIES[type],
    schema: z
      .object({
        id: z.string().meta({ description: 'The header webhook-id; the same at every attempt.' }),
        type: z.literal(type),
        timestamp: z.iso.datetime().meta({ description: 'When the event was.' }),
        data: DATA[type],
      })
      .meta({ id: nameOf(type) }),
  }
}

/** Every type of event with the schema of its body. */
export const webhookEvents = (Object.keys(DATA) as EventTypes[]).map((type) => event(type))
