import { randomUUID } from 'node:crypto'
import type { AppId, ConversationId, MessageId, UserId } from '@chat4all/protocol'
import { groupConversationId, privateConversationId } from '../conversation-id.js'

/** Names that the REST API gives. */
export interface RestIds {
  newMessageId(): MessageId
  newRequestId(): string
  privateConversationId(app: AppId, a: UserId, b: UserId): ConversationId
  /** The id of a group follows from who creates it (undefined: a service) and from the message_id of the request. */
  groupConversationId(app: AppId, creator: UserId | undefined, messageId: MessageId): ConversationId
}

/** The ids of sessions and of REST are the same: a private conversation entered here is the one entered there. */
export const REST_IDS: RestIds = {
  newMessageId: () => randomUUID() as MessageId,
  newRequestId: randomUUID,
  privateConversationId,
  // No user id is empty, so no user makes the id of a service's group.
  groupConversationId: (app, creator, messageId) => groupConversationId(app, creator ?? '', messageId),
}
