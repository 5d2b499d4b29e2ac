import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../errors.js'
import { BATCH_MESSAGES_MAX } from '../limits.js'
import { postMessageBody } from './messages.js'
import { conversationId, messageId, moment, seqNumber } from './scalars.js'

/** Bodies of POST /v2/messages. */

export const postMessagesBody = z
  .object({
    messages: z.array(postMessageBody).min(1).max(BATCH_MESSAGES_MAX).meta({
      description: 'Those of one conversation are stored in this order; those of several go on side by side.',
    }),
  })
  .meta({ id: 'PostMessagesBody' })

const about = { message_id: messageId, conversation_id: conversationId }

const stored = z
  .object({ outcome: z.literal('stored'), ...about, seq: seqNumber, time: moment })
  .meta({ id: 'MessageStored', description: 'For good, at this seq; now, or by an earlier request.' })

const refused = z
  .object({
    outcome: z.literal('refused'),
    ...about,
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    detail: z.string(),
    retry: z.enum(['never', 'after', 'reconnect', 'token']).meta({
      description: 'What a program goes by: `after`: the same message again, after retry_after; `never`: not as it is.',
    }),
    retry_after: z.int().min(0).optional().meta({ description: 'Milliseconds to wait.' }),
  })
  .meta({ id: 'MessageRefused' })

const notTried = z.object({ outcome: z.literal('not_tried'), ...about }).meta({
  id: 'MessageNotTried',
  description:
    'One before it in its conversation may be stored yet, and this must not overtake it: send both again, in order.',
})

export const messagesAnswer = z
  .object({
    results: z.array(z.discriminatedUnion('outcome', [stored, refused, notTried])).meta({
      description: 'One for each message, in the order of the request.',
    }),
  })
  .meta({ id: 'MessagesAnswer' })

export type PostMessagesBody = z.input<typeof postMessagesBody>
export type MessagesAnswer = z.output<typeof messagesAnswer>
export type MessageOutcome = MessagesAnswer['results'][number]
