import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../errors.js'
import { conversationAnswer } from './conversations.js'
import { messageAnswer } from './messages.js'
import { conversationId, moment, queryNumber, seqNumber, userId } from './scalars.js'

/** GET /v1/events: what a session on the WebSocket is told, as events. */

const eventId = z
  .string()
  .max(4096)
  .meta({ id: 'EventId', description: 'Where the client is once it has this event. Has no meaning to clients.' })

const DATA = {
  conversation: conversationAnswer,
  message: messageAnswer,
  receipts: z.object({
    conversation_id: conversationId,
    user: userId,
    delivered: seqNumber,
    read: seqNumber,
    time: moment,
  }),
  typing: z.object({ conversation_id: conversationId, user: userId, on: z.boolean() }),
  presence: z.object({ conversation_id: conversationId, user: userId, online: z.boolean() }),
  removed: z.object({ conversation_id: conversationId, upto: seqNumber }),
  resumed: z.object({
    conversation_id: conversationId,
    recovered: z.boolean(),
    after: seqNumber,
    first_seq: seqNumber,
    upto: seqNumber,
  }),
  ready: z.object({ conversations: z.int().min(0) }),
  reset: z.object({ reason: z.string() }),
  reconnect: z.object({ delay: z.int().min(0) }),
  failed: z.object({ code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]), detail: z.string() }),
} as const

export type EventType = keyof typeof DATA
export type EventData = z.output<(typeof DATA)[EventType]>

const MEANS: Readonly<Record<EventType, string>> = {
  conversation: 'A conversation of the user: when the stream begins, and when it is added to one.',
  message: 'A message, in the order of its conversation. Whose seq does not follow the last one had leaves a gap.',
  receipts: 'A member’s cursors moved.',
  typing: 'A member types, or stopped. Has no id and is not repeated.',
  presence: 'A member came online or went offline. Has no id and is not repeated.',
  removed: 'The user is no member any more; nothing after `upto` follows.',
  resumed: 'What was missed in a conversation follows; `recovered` false: some of it has expired.',
  ready: 'All conversations have been told; from here on what comes is new.',
  reset: 'The id that the client came back with is not known (any more): this is a new stream.',
  reconnect: 'The server is going away: connect again after the delay (milliseconds).',
  failed: 'The stream ends, and why.',
}

const events = (Object.keys(DATA) as EventType[]).map((type) =>
  z
    .object({ type: z.literal(type), id: eventId.optional(), data: DATA[type] })
    .meta({ id: `${type[0]!.toUpperCase()}${type.slice(1)}StreamEvent`, description: MEANS[type] }),
)

export const streamEvent = z.union(events as unknown as [(typeof events)[number], (typeof events)[number]]).meta({
  id: 'StreamEvent',
  description: 'On a stream, `type` is the field `event`, `id` and `data` (as JSON) are the fields of their names.',
})

export const eventsQuery = z.object({
  wait: queryNumber(
    0,
    60,
    'Answer with a page of events (JSON) instead of a stream, waiting so many seconds for the first.',
  ).optional(),
  after: eventId.optional().meta({ description: 'Like the header Last-Event-ID: the last event that the client has.' }),
})

export const eventsAnswer = z
  .object({
    events: z.array(streamEvent),
    next: eventId.nullable().meta({
      description: 'Give it as `after` the next time. null: the server could not say in time; ask as before.',
    }),
  })
  .meta({ id: 'EventPage' })

export type StreamEvent = { type: EventType; id?: string; data: EventData }
export type EventsAnswer = { events: StreamEvent[]; next: string | null }
