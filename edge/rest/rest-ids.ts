import { hash, randomUUID } from 'node:crypto'
import type { AppId, ConversationId, MessageId, UserId } from '@chat4all/protocol'
import { groupConversationId, privateConversationId } from '../conversation-id.js'

/** Names that the REST API gives. */
export interface RestIds {
  newMessageId(): MessageId
  newRequestId(): string
  /** The message that erases in a conversation: the same one, whoever goes on with the job. */
  erasureMessageId(erasure: string, conversation: ConversationId): MessageId
  privateConversationId(app: AppId, a: UserId, b: UserId): ConversationId
  /** The id of a group follows from who creates it (undefined: a service) and from the message_id of the request. */
  groupConversationId(app: AppId, creator: UserId | undefined, messageId: MessageId): ConversationId
}

/** The ids of sessions and of REST are the same: a private conversation entered here is the one entered there. */
export const REST_IDS: RestIds = {
  newMessageId: () => randomUUID() as MessageId,
  newRequestId: randomUUID,
  erasureMessageId: (erasure, conversation) => uuidOf(`${erasure} ${conversation}`),
  privateConversationId,
  // No user id is empty, so no user makes the id of a service's group.
  groupConversationId: (app, creator, messageId) => groupConversationId(app, creator ?? '', messageId),
}

/** In the form of a UUIDv4, as every message_id is. */
function uuidOf(text: string): MessageId {
  const hex = hash('sha256', text)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}` as MessageId
}
