import { z } from 'zod'
import { METADATA_NAME_BYTES_MAX, METADATA_PAIRS_MAX, METADATA_VALUE_BYTES_MAX } from '../limits.js'
import { CONVERSATION_ID, USER_ID, USER_ID_MEANS } from '../schema/parts.js'

/** Single values that several bodies share. `meta.id` is the name of the schema in the OpenAPI document. */

const utf8 = new TextEncoder()

/** String of at most `bytesMax` bytes of UTF-8, as the frames count them. */
export function utf8String(bytesMax: number) {
  return (
    z
      .string()
      // A UTF-16 unit is at least one byte and at most three, so most strings need no encoding to be judged.
      .max(bytesMax)
      .refine((text) => text.length * 3 <= bytesMax || utf8.encode(text).length <= bytesMax, {
        message: `Too long: at most ${bytesMax} bytes of UTF-8`,
      })
  )
}

export const userId = z.string().regex(USER_ID, `Not a user id: ${USER_ID_MEANS}`).meta({
  id: 'UserId',
  description: 'A user’s id within its app. Not `.` or `..`, which no URL can name.',
  example: 'ana',
})

export const conversationId = z
  .string()
  .regex(CONVERSATION_ID, 'Not a conversation id: 1 to 64 characters of A–Z a–z 0–9 _ -')
  .meta({ id: 'ConversationId', example: 'p_3kVbq0wZr1yQy2uXn5m7Lg' })

export const channel = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'Not a channel: a lower-case letter, then up to 31 of a–z 0–9 _ -')
  .meta({ id: 'Channel', example: 'telegram' })

export const messageId = z
  .string()
  .regex(
    /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$/,
    'Not a UUIDv4: 8-4-4-4-12 hexadecimal digits, the third group begins with 4, the fourth with 8, 9, a or b',
  )
  .toLowerCase()
  .meta({
    id: 'MessageId',
    format: 'uuid',
    description: 'UUIDv4 chosen by the sender. The same request sent again with the same id happens once.',
    example: '0d9f8c1e-6a1b-4d0e-9d5f-2b7c3a4e5f60',
  })

export const storedMessageId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'Not a UUIDv4 or UUIDv8')
  .meta({
    id: 'StoredMessageId',
    format: 'uuid',
    description:
      'UUIDv4 that the sender chose; UUIDv8 of a change that nobody sent under an id: a conversation opened again.',
    example: '0d9f8c1e-6a1b-4d0e-9d5f-2b7c3a4e5f60',
  })

export const seqNumber = z.int().min(0).max(Number.MAX_SAFE_INTEGER).meta({
  id: 'Seq',
  description: 'Sequence number in the conversation: 1, 2, 3 … without gaps; 0: before the first.',
  example: 42,
})

export const moment = z
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .meta({ id: 'Time', description: 'Milliseconds since 1970-01-01T00:00:00Z.', example: 1_770_000_000_000 })

export const timeToLive = z
  .int()
  .min(1)
  .max(0xffffffff)
  .meta({ id: 'TimeToLive', description: 'Seconds that a message lives.', example: 86_400 })

const metadataName = utf8String(METADATA_NAME_BYTES_MAX)

/** Labels as a request gives them: numbers and booleans are taken and kept as their text. */
export const metadataInput = z
  .record(metadataName, z.union([utf8String(METADATA_VALUE_BYTES_MAX), z.number(), z.boolean()]).transform(String))
  .refine((labels) => Object.keys(labels).length <= METADATA_PAIRS_MAX, {
    message: `Too many labels: at most ${METADATA_PAIRS_MAX}`,
  })
  .meta({
    id: 'MetadataInput',
    maxProperties: METADATA_PAIRS_MAX,
    description:
      `Labels that are kept and returned as strings: up to ${METADATA_PAIRS_MAX}, names up to ` +
      `${METADATA_NAME_BYTES_MAX} bytes, values up to ${METADATA_VALUE_BYTES_MAX} bytes.`,
    example: { priority: 'high' },
  })

export const metadata = z
  .record(z.string(), z.string())
  .meta({ id: 'Metadata', description: 'Labels of the app.', example: { priority: 'high' } })

/** A whole number in a query string: digits only, so that ` 5`, `1e3` and an empty value are refused, not guessed at. */
export function queryNumber(min: number, max: number, description: string) {
  return z
    .string()
    .regex(/^\d{1,16}$/, 'Not a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, { message: `Out of range: ${min} to ${max}` })
    .meta({ type: 'integer', pattern: undefined, minimum: min, maximum: max, description })
}
