import { z } from 'zod'
import { CHANNELS_MAX, MEMBERS_CHANGED_MAX, MEMBERS_LISTED_MAX, PAGE_MESSAGES_MAX } from '../limits.js'
import { MESSAGE_STATES } from '../message-status.js'
import { payload, storedPayload } from './payloads.js'
import {
  channel,
  conversationId,
  messageId,
  metadata,
  metadataInput,
  moment,
  queryNumber,
  seqNumber,
  storedMessageId,
  timeToLive,
  userId,
} from './scalars.js'

/** Bodies of POST /v1/messages and GET /v1/conversations/{conversation_id}/messages. */

export const postMessageBody = z
  .object({
    message_id: messageId,
    conversation_id: conversationId,
    from: userId.optional().meta({
      description: 'Who sends. A service token must name it; a user token may only name its own user.',
    }),
    to: z.array(userId).max(MEMBERS_CHANGED_MAX).optional().meta({
      description: 'On external channels: only these members. Everyone in the conversation sees the message.',
    }),
    channels: z
      .array(channel)
      .max(CHANNELS_MAX)
      .optional()
      .meta({ description: 'External channels to deliver on, by name, or `["all"]`.' }),
    payload,
    metadata: metadataInput.optional(),
    ttl: timeToLive.optional(),
  })
  .meta({ id: 'PostMessageBody' })

export const acceptedAnswer = z
  .object({
    status: z.literal('accepted').meta({ description: 'Stored for good, at this seq.' }),
    message_id: messageId,
    conversation_id: conversationId,
    seq: seqNumber,
    time: moment,
  })
  .meta({ id: 'AcceptedAnswer' })

export const messageAnswer = z
  .object({
    message_id: storedMessageId,
    conversation_id: conversationId,
    seq: seqNumber,
    from: userId,
    time: moment,
    payload: storedPayload,
    to: z.array(userId).optional(),
    channels: z.array(channel).optional(),
    metadata: metadata.optional(),
    expires: moment.optional(),
    trace: z.string().optional().meta({ description: 'W3C traceparent of the request that posted it.' }),
  })
  .meta({ id: 'Message' })

export const pageQuery = z.object({
  since: queryNumber(0, Number.MAX_SAFE_INTEGER, 'Only messages with a higher seq, oldest first.').optional(),
  before: queryNumber(
    1,
    Number.MAX_SAFE_INTEGER,
    'Only messages with a lower seq. Without `since`: the newest of them.',
  ).optional(),
  limit: queryNumber(1, PAGE_MESSAGES_MAX, 'Messages in one page; 50 unless given.').optional(),
})

export const pageAnswer = z
  .object({
    messages: z
      .array(messageAnswer)
      .meta({ description: 'In ascending order of seq: all that exist in (after, upto].' }),
    after: seqNumber,
    upto: seqNumber,
    first_seq: seqNumber.meta({ description: 'Lowest seq that still exists; what lies below has expired.' }),
    head_seq: seqNumber.meta({ description: 'Highest seq of the conversation; 0: no message yet.' }),
    recovered: z
      .boolean()
      .meta({ description: 'False: messages after `since` have expired before they were read; there is a gap.' }),
    next: z.string().nullable().meta({
      description: 'Address of the next page in the same direction; null: there is none (now).',
      example: '/v1/conversations/p_3kVbq0wZr1yQy2uXn5m7Lg/messages?since=42&limit=50',
    }),
  })
  .meta({ id: 'MessagePage' })

const receipt = z
  .object({
    user: userId,
    channel: channel.meta({ description: '`chat4all` for the platform’s own devices, else the external channel.' }),
    status: z.enum(MESSAGE_STATES),
    history: z
      .array(z.object({ status: z.enum(MESSAGE_STATES), time: moment }))
      .meta({ description: 'Oldest first. A state whose time is not known (any more) is left out.' }),
  })
  .meta({ id: 'MessageReceipt' })

export const messageStatusAnswer = messageAnswer
  .extend({
    status: z.enum(MESSAGE_STATES).meta({
      description: 'The least that all receivers have: `read` when everyone has read it.',
    }),
    receipts: z
      .array(receipt)
      .optional()
      .meta({
        description: `One for each other member and channel; left out in groups of over ${MEMBERS_LISTED_MAX}.`,
      }),
  })
  .meta({ id: 'MessageStatus' })

export const messageParams = z.object({ message_id: messageId })
export const messageQuery = z.object({
  conversation_id: conversationId.meta({ description: 'Where it was posted: ids are its sender’s, and tell nothing.' }),
})

export type MessageStatusAnswer = z.output<typeof messageStatusAnswer>
export type PostMessageBody = z.input<typeof postMessageBody>
export type AcceptedAnswer = z.output<typeof acceptedAnswer>
export type MessageAnswer = z.output<typeof messageAnswer>
export type PageAnswer = z.output<typeof pageAnswer>
