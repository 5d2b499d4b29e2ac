import {
  Chat4AllError,
  type ConversationId,
  conversationId,
  extras as extrasType,
  illFormedAt,
  MEMBERS_CHANGED_MAX,
  type MessageId,
  metadata as metadataType,
  NOT_WELL_FORMED,
  type Of,
  type Payload,
  parseMessageId,
  payload as payloadType,
  Reader,
  type Type,
  type UserId,
  userId,
  Writer,
} from '@chat4all/protocol'
import type { Content, SendOptions } from '../core/message.js'

/**
 * What an application hands in, checked here by the schema that the server uses: a fault shows where it was made,
 * not later as an answer to a frame. All throw Chat4AllError INVALID.
 */

const writer = new Writer()

/** A copy: what waits in the outbox must not keep the writer's whole chunk alive. */
function encodedAs<T>(type: Type<T>, value: T, what: string): Uint8Array {
  return encoding(type, value, what, (bytes) => bytes.slice())
}

function check<T>(type: Type<T>, value: T, what: string): T {
  return encoding(type, value, what, () => value)
}

function encoding<T, Result>(type: Type<T>, value: T, what: string, use: (bytes: Uint8Array) => Result): Result {
  try {
    type.write(writer, value)
    const bytes = writer.since(0)
    type.check(new Reader(bytes))
    // Not seen in the bytes: the encoder has put U+FFFD there.
    if (illFormedAt(value) !== undefined) throw new Chat4AllError('INVALID', NOT_WELL_FORMED)
    return use(bytes)
  } catch (cause) {
    const why = cause instanceof Chat4AllError ? cause.detail : (cause as Error).message
    throw new Chat4AllError('INVALID', `${what}: ${why}`)
  } finally {
    writer.rewind(0)
  }
}

export function payloadOf(content: Content): Payload {
  return typeof content === 'string' ? { type: 'text', text: content } : content
}

export function encodedPayload(payload: Payload): Uint8Array {
  return encodedAs(payloadType, payload, 'content')
}

export function decodedPayload(bytes: Uint8Array): Payload {
  return payloadType.read(new Reader(bytes))
}

/** Undefined when there is nothing in them. */
export function encodedExtras({ to, channels, metadata }: SendOptions): Uint8Array | undefined {
  if (to === undefined && channels === undefined && metadata === undefined) return undefined
  const extras: Of<typeof extrasType> = {
    ...(to !== undefined && { to: to.map(validUser) }),
    ...(channels !== undefined && { channels: [...channels] }),
    ...(metadata !== undefined && { metadata: { ...metadata } }),
  }
  return encodedAs(extrasType, extras, 'to, channels or metadata')
}

export function validConversation(id: string): ConversationId {
  return check(conversationId, id as ConversationId, 'conversation')
}

export function validUser(id: string): UserId {
  return check(userId, id as UserId, 'user')
}

export function validUsers(ids: readonly string[]): UserId[] {
  if (ids.length <= MEMBERS_CHANGED_MAX) return ids.map(validUser)
  throw new Chat4AllError('INVALID', `${ids.length} users: at most ${MEMBERS_CHANGED_MAX} at once`)
}

export function validMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return check(metadataType, { ...metadata }, 'metadata')
}

export function validMessageId(text: string): MessageId {
  const id = parseMessageId(text)
  if (id === undefined) throw new Chat4AllError('INVALID', `message_id ${text}: not a UUIDv4`)
  return id
}

/** A whole number in its range, or undefined. */
export function validNumber(value: number | undefined, what: string, min: number, max: number): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= min && value <= max)) return value
  throw new Chat4AllError('INVALID', `${what} ${value}: not a whole number from ${min} to ${max}`)
}
