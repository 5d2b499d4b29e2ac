import { z } from 'zod'
import { MEMBERS_CHANGED_MAX, TEXT_BYTES_MAX } from '../limits.js'
import { metadata, userId, utf8String } from './scalars.js'

/** What a message holds, as JSON. The same shapes as `payload` and `storedPayload` of the frames (schema/parts.ts). */

const textPayload = z.object({ type: z.literal('text'), text: utf8String(TEXT_BYTES_MAX) }).meta({ id: 'TextPayload' })

const filePayload = z
  .object({
    type: z.literal('file'),
    file_id: utf8String(64),
    name: utf8String(255),
    size: z.int().min(0).max(Number.MAX_SAFE_INTEGER).meta({ description: 'Bytes.' }),
    mime: utf8String(127),
    caption: utf8String(TEXT_BYTES_MAX).optional(),
  })
  .meta({ id: 'FilePayload', description: 'A file by reference.' })

const customPayload = z
  .object({
    type: z.literal('custom'),
    data: z.unknown().meta({ description: 'Any JSON value, at most 16 KiB.' }),
  })
  // Said again: a schema that takes any value passes for one that takes none.
  .meta({ id: 'CustomPayload', description: 'Content of the app’s own making.', required: ['type', 'data'] })

const membershipPayload = z
  .object({
    type: z.literal('membership'),
    added: z.array(userId).max(MEMBERS_CHANGED_MAX),
    removed: z.array(userId).max(MEMBERS_CHANGED_MAX),
    promoted: z.array(userId).optional().meta({ description: 'Admins from here on.' }),
    demoted: z.array(userId).optional().meta({ description: 'Admins no more.' }),
    metadata: metadata.optional().meta({ description: 'The labels of the conversation from here on.' }),
    erased: z.boolean().optional().meta({ description: 'All that was said up to here is erased.' }),
    forgotten: userId.optional().meta({ description: 'What this user said up to here is erased.' }),
  })
  .meta({
    id: 'MembershipPayload',
    description: 'Written by the server when members come and go, and when something else of the conversation changes.',
  })

const erasedPayload = z.object({ type: z.literal('erased') }).meta({
  id: 'ErasedPayload',
  description: 'Stands where something was said that is erased. `from` is `erased`, whoever it was.',
})

/** What a member may send. */
export const payload = z.discriminatedUnion('type', [textPayload, filePayload, customPayload]).meta({ id: 'Payload' })

/** What a stored message may hold. */
export const storedPayload = z
  .discriminatedUnion('type', [textPayload, filePayload, customPayload, membershipPayload, erasedPayload])
  .meta({ id: 'StoredPayload' })

export type PayloadJson = z.output<typeof payload>
export type StoredPayloadJson = z.output<typeof storedPayload>
