import {
  type AppId,
  type ConversationId,
  decodeMessages,
  type LogRecord,
  logRecord,
  type Message,
  messageIdFromBytes,
  Reader,
  type Seq,
} from '@chat4all/protocol'
import { messageJson } from '@chat4all/protocol/rest'
import type { StreamEvent } from '@chat4all/storage'
import type { RecentMessages } from './recent-messages.js'
import type { WebhookEvent } from './webhook-event.js'

type Cursors = Extract<LogRecord, { type: 'cursors' }>
type Created = Extract<LogRecord, { type: 'created' }>

/**
 * What a record of the stream means to apps: one event per message, per kind of change of a conversation, and per message and member
 * that has it or has read it. The same record gives the same events, whenever it is read.
 *
 * @param wants whether anybody wants events of a type: what nobody does is not looked up
 * @throws ViewBehindError: the record has to be read again later
 */
export async function eventsOfStream(
  event: StreamEvent,
  wants: (type: WebhookEvent['type']) => boolean,
  recent: RecentMessages,
): Promise<WebhookEvent[]> {
  const record = logRecord.read(new Reader(event.record))
  switch (record.type) {
    case 'created':
      return [createdEvent(record)]
    case 'messages': {
      const messages = decodeMessages(record.messages)
      if (wants('message.delivered') || wants('message.read')) recent.remember(record.conversation, messages)
      return messages.flatMap((message) => messageEvents(record.app, record.conversation, message))
    }
    case 'cursors':
      return receiptEvents(record, wants, recent)
    case 'follows':
      return []
  }
}

function createdEvent({ app, conversation, kind, members, admins, metadata = {}, time }: Created): WebhookEvent {
  return {
    type: 'conversation.created',
    app,
    key: conversation,
    conversation,
    messageId: undefined,
    trace: undefined,
    time,
    data: { conversation_id: conversation, type: kind, members, admins, metadata, time },
  }
}

function messageEvents(app: AppId, conversation: ConversationId, message: Message): WebhookEvent[] {
  const { seq, time, payload, trace, from } = message
  const messageId = messageIdFromBytes(message.message_id)
  const shared = { app, key: `${conversation}\n${seq}`, conversation, messageId, trace, time }
  if (payload.type !== 'membership') {
    return [{ ...shared, type: 'message.sent', data: { ...messageJson(conversation, message), status: 'sent' } }]
  }
  const data = { conversation_id: conversation, message_id: messageId, seq, time, by: from }
  const { added, removed, promoted, demoted, metadata, erased, forgotten } = payload
  const changes = { ...(promoted && { promoted }), ...(demoted && { demoted }), ...(metadata && { metadata }) }
  const isErasing = erased === true || forgotten !== undefined
  return [
    ...(added.length > 0 ? [{ ...shared, type: 'member.added' as const, data: { ...data, users: added } }] : []),
    ...(removed.length > 0 ? [{ ...shared, type: 'member.removed' as const, data: { ...data, users: removed } }] : []),
    ...(Object.keys(changes).length > 0
      ? [{ ...shared, type: 'conversation.changed' as const, data: { ...data, ...changes } }]
      : []),
    ...(isErasing
      ? [{ ...shared, type: 'messages.erased' as const, data: { ...data, ...(forgotten && { user: forgotten }) } }]
      : []),
  ]
}

async function receiptEvents(
  { app, conversation, items }: Cursors,
  wants: (type: WebhookEvent['type']) => boolean,
  recent: RecentMessages,
): Promise<WebhookEvent[]> {
  const events: WebhookEvent[] = []
  for (const { user, time, delivered, read, delivered_before, read_before } of items) {
    const rises: ['delivered' | 'read', Seq, Seq][] = [
      ['delivered', delivered_before, delivered],
      ['read', read_before, read],
    ]
    for (const [status, after, upto] of rises) {
      const type = `message.${status}` as const
      if (upto <= after || !wants(type)) continue
      for (const [seq, { messageId, from, trace }] of await recent.between(conversation, after, upto)) {
        // Who wrote it has it anyway.
        if (from === user) continue
        const data = { message_id: messageId, conversation_id: conversation, seq, status, time, from, user }
        const key = `${conversation}\n${seq}\n${user}`
        events.push({ type, app, key, conversation, messageId, trace, time, data } as WebhookEvent)
      }
    }
  }
  return events
}
