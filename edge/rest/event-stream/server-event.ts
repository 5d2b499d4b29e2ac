import type { ConversationId, Seq, ServerFrame } from '@chat4all/protocol'
import { type EventData, type EventType, messageJson } from '@chat4all/protocol/rest'
import { conversationJson } from '../conversations/conversation-json.js'

/** An event before it has its id. */
export interface ServerEvent {
  readonly type: EventType
  readonly data: EventData
  /** How far the client is in a conversation once it has this event. */
  readonly reaches?: { readonly conversation: ConversationId; readonly seq: Seq | undefined }
}

/** What a frame tells, as events; none for frames that only sessions on a WebSocket need. */
export function eventsOf(frame: ServerFrame): ServerEvent[] {
  switch (frame.t) {
    case 'conversation':
      return [{ type: 'conversation', data: conversationJson(frame.info) }]
    case 'resumed': {
      const { conversation, recovered, after, first, upto } = frame
      const data = { conversation_id: conversation, recovered, after, first_seq: first, upto }
      return [{ type: 'resumed', data, reaches: { conversation, seq: after } }]
    }
    case 'deliver': {
      const { conversation, messages, upto } = frame
      return messages.map((message, i) => ({
        type: 'message',
        data: messageJson(conversation, message),
        reaches: { conversation, seq: i === messages.length - 1 ? upto : message.seq },
      }))
    }
    case 'removed': {
      const { conversation, upto } = frame
      const data = { conversation_id: conversation, upto }
      return [{ type: 'removed', data, reaches: { conversation, seq: undefined } }]
    }
    case 'receipts': {
      const { conversation, user, delivered, read, time } = frame
      return [{ type: 'receipts', data: { conversation_id: conversation, user, delivered, read, time } }]
    }
    case 'typing_event':
      return [{ type: 'typing', data: { conversation_id: frame.conversation, user: frame.user, on: frame.on } }]
    case 'presence':
      return [
        { type: 'presence', data: { conversation_id: frame.conversation, user: frame.user, online: frame.online } },
      ]
    case 'ready':
      return [{ type: 'ready', data: { conversations: frame.conversations } }]
    case 'reconnect':
      return [{ type: 'reconnect', data: { delay: frame.delay } }]
    default:
      return []
  }
}
