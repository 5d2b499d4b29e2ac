import type { ConversationInfo } from '@chat4all/protocol'
import { type ConversationAnswer, messageJson } from '@chat4all/protocol/rest'

/** A conversation as REST shows it. */
export function conversationJson(info: ConversationInfo): ConversationAnswer {
  return {
    conversation_id: info.conversation,
    type: info.type,
    member_count: info.member_count,
    ...(info.members !== undefined && { members: info.members }),
    metadata: info.metadata ?? {},
    head_seq: info.head,
    first_seq: info.first,
    delivered: info.delivered,
    read: info.read,
    created: info.created,
    ...(info.ttl !== undefined && { ttl: info.ttl }),
    ...(info.last !== undefined && { last_message: messageJson(info.conversation, info.last) }),
  }
}
