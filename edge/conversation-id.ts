import { createHash } from 'node:crypto'
import type { AppId, ConversationId, MessageId, UserId } from '@chat4all/protocol'
import * as core from './core/index.js'

/** The hash from which the ids of conversations follow. Part of the storage format: it never changes. */
export function sha256Text(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** The id of the one private conversation of two users. */
export function privateConversationId(app: AppId, a: UserId, b: UserId): ConversationId {
  return core.privateConversationId(sha256Text, app, a, b)
}

/**
 * The id of a group, from its creator (a user, or whatever stands for a service that creates one) and the message_id
 * that makes creating it repeatable.
 */
export function groupConversationId(app: AppId, creator: string, message: Uint8Array | MessageId): ConversationId {
  return core.groupConversationId(sha256Text, app, creator, message)
}
