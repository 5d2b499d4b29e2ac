import { z } from 'zod'
import { conversationId, moment, userId, utf8String } from './scalars.js'

/** Bodies of /v1/files and of what lies below it. */

/** 2 GiB: exactly this many bytes are taken, and not one more. */
export const FILE_BYTES_MAX = 2_147_483_648
/** Addresses of parts given out by one request. */
export const PART_URLS_MAX = 100
const PARTS_MAX = 1_000

export const fileId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'Not a file id: 1 to 64 characters of A–Z a–z 0–9 _ -')
  .meta({ id: 'FileId', example: 'f_3kVbq0wZr1yQy2uXn5m7Lg' })

const SHA256 = /^(sha256:)?[0-9a-fA-F]{64}$/

export const sha256 = z
  .string()
  .regex(SHA256, 'Not a SHA-256: 64 hexadecimal digits')
  .transform((text) => text.replace(/^sha256:/, '').toLowerCase())
  .meta({
    id: 'Sha256',
    type: 'string',
    pattern: SHA256.source,
    description: 'SHA-256 in hexadecimal; `sha256:` may stand before it.',
  })

const storedSha256 = z.string().meta({ id: 'StoredSha256', description: 'SHA-256 in lower-case hexadecimal.' })

const partNumber = z.int().min(1).max(PARTS_MAX)

const fileName = utf8String(255)
  .min(1)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
  .refine((name) => !/[\u0000-\u001f\u007f/\\]/.test(name), {
    message: 'Not a file name: no / or \\, no control characters',
  })

const mediaType = z
  .string()
  .max(127)
  .regex(/^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+$/, 'Not a media type like image/png')
  .toLowerCase()

export const fileState = z.enum(['uploading', 'verifying', 'ready', 'failed']).meta({
  id: 'FileState',
  description:
    'uploading: parts are awaited; verifying: the stored bytes are compared with the checksum; ready: it can be posted ' +
    'and read; failed: they differ: complete it again with the right checksum within a day, or upload it anew.',
})

const partUrl = z
  .object({
    part_number: partNumber,
    size: z.int().min(1).meta({ description: 'Bytes: exactly so many.' }),
    url: z.string().meta({
      description:
        'Presigned: PUT the bytes here, without an authorization header. Relative addresses are resolved against that ' +
        'of the request.',
    }),
  })
  .meta({ id: 'PartUrl' })

export const initiateFileBody = z
  .object({
    name: fileName,
    size: z
      .int()
      .min(1)
      .max(FILE_BYTES_MAX)
      .meta({ description: `Bytes; at most ${FILE_BYTES_MAX}.` }),
    mime: mediaType.optional().meta({ description: 'application/octet-stream unless given.' }),
    checksum: sha256.optional().meta({
      description: 'Bytes that the user uploaded before need not be sent again: then the file is ready at once.',
    }),
    from: userId.optional().meta({
      description: 'Whose file it is. A user token may only name its own user; a service token may leave it out.',
    }),
  })
  .meta({ id: 'InitiateFileBody' })

export const initiatedAnswer = z
  .object({
    file_id: fileId,
    state: fileState,
    upload_url: z.string().nullable().meta({
      description: 'Presigned, for the first part; null: the file is ready, nothing needs to be sent.',
    }),
    size: z.int(),
    part_size: z.int().meta({ description: 'Bytes of every part but the last.' }),
    part_count: z.int(),
    parts: z.array(partUrl).meta({ description: 'Addresses of the first parts; more: POST …/parts.' }),
    same_size: z.boolean().meta({
      description:
        'The user has, or had, a file of this very size: compute the checksum first, initiate again with it, and perhaps ' +
        'nothing needs to be sent.',
    }),
    expires: moment.optional().meta({ description: 'When the upload is dropped unless it was completed.' }),
  })
  .meta({ id: 'InitiatedFile' })

export const fileParams = z.object({ file_id: fileId })

export const partsAnswer = z
  .object({
    file_id: fileId,
    state: fileState,
    size: z.int(),
    part_size: z.int(),
    part_count: z.int(),
    parts: z
      .array(
        z.object({
          part_number: z.int(),
          size: z.int(),
          md5: z
            .string()
            .optional()
            .meta({
              description:
                'Of the stored bytes, where the store tells it. Send a part again if yours differs: some ' +
                'stores keep what came of a part that was cut off.',
            }),
        }),
      )
      .meta({ description: 'What is there; the rest is still to be sent. Empty once the upload is completed.' }),
  })
  .meta({ id: 'FileParts' })

export const partUrlsBody = z
  .object({ part_numbers: z.array(partNumber).min(1).max(PART_URLS_MAX) })
  .meta({ id: 'PartUrlsBody' })

export const partUrlsAnswer = z.object({ file_id: fileId, parts: z.array(partUrl) }).meta({ id: 'PartUrls' })

export const completeFileBody = z
  .object({
    file_id: fileId,
    checksum: sha256,
    parts: z.array(sha256).max(PARTS_MAX).optional().meta({
      description: 'SHA-256 of each part, in order: a difference is then told by part.',
    }),
  })
  .meta({ id: 'CompleteFileBody' })

export const fileAnswer = z
  .object({
    file_id: fileId,
    state: fileState,
    name: z.string(),
    mime: z.string(),
    size: z.int(),
    part_size: z.int(),
    owner: userId.optional().meta({ description: 'Left out: the app itself.' }),
    created: moment,
    checksum: storedSha256.optional(),
    parts: z.array(storedSha256).optional().meta({ description: 'The manifest: SHA-256 of each part, as verified.' }),
    reason: z.string().optional().meta({ description: 'Why it failed, and what to do.' }),
  })
  .meta({ id: 'File' })

const seenIn = conversationId.optional().meta({ description: 'In which it was posted, if known: saves a search.' })

export const fileQuery = z.object({ conversation_id: seenIn })

export const downloadQuery = z.object({
  conversation_id: seenIn,
  disposition: z.enum(['inline', 'attachment']).optional().meta({ description: 'attachment unless given.' }),
  redirect: z.enum(['true', 'false']).optional().meta({ description: 'false: the address as JSON, status 200.' }),
})

export const downloadAnswer = z
  .object({ url: z.string().meta({ description: 'Presigned; takes Range.' }), expires: moment })
  .meta({ id: 'FileDownload' })

export type InitiateFileBody = z.input<typeof initiateFileBody>
export type InitiatedAnswer = z.output<typeof initiatedAnswer>
export type PartsAnswer = z.output<typeof partsAnswer>
export type PartUrlsAnswer = z.output<typeof partUrlsAnswer>
export type CompleteFileBody = z.input<typeof completeFileBody>
export type FileAnswer = z.output<typeof fileAnswer>
export type DownloadAnswer = z.output<typeof downloadAnswer>
