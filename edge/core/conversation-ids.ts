import { type AppId, type ConversationId, type MessageId, messageIdFromBytes, type UserId } from '@chat4all/protocol'

/** Characters of a hash that an id takes: 27 × 6 bits make a chance meeting of two ids out of the question. */
const HASH_CHARACTERS = 27

/**
 * The id of the one private conversation of two users: it follows from them, so that both enter the same without asking.
 * @param hash see EdgeWorld.hash
 */
export function privateConversationId(
  hash: (text: string) => string,
  app: AppId,
  a: UserId,
  b: UserId,
): ConversationId {
  const [low, high] = a < b ? [a, b] : [b, a]
  // None of the ids can hold a line break.
  return `p${hash(`private\n${app}\n${low}\n${high}`).slice(0, HASH_CHARACTERS)}` as ConversationId
}

/** The id of a group follows from its creator and the message_id of the creation, which makes creating repeatable. */
export function groupConversationId(
  hash: (text: string) => string,
  app: AppId,
  creator: string,
  message: Uint8Array | MessageId,
): ConversationId {
  const id = typeof message === 'string' ? message : messageIdFromBytes(message)
  return `g${hash(`group\n${app}\n${creator}\n${id}`).slice(0, HASH_CHARACTERS)}` as ConversationId
}
