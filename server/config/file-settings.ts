import * as z from 'zod'
import { id, origins, text, whole } from './readers.js'
import type { Setting } from './settings.js'

/** Where the bytes of files are. */

const EDGES = ['all', 'edge'] as const

/** One S3-compatible store: `east@https://s3.example.org*2` is called east and takes twice its share of new files. */
export interface S3Store {
  readonly id: string
  readonly endpoint: string
  readonly weight: number
}

const STORE = /^(?:([A-Za-z0-9][A-Za-z0-9._-]{0,31})@)?(https?:\/\/[^*\s]+?)\/?(?:\*(\d{1,3}))?$/

const stores = z.string().transform((given, context): readonly S3Store[] => {
  const read = given.split(',').map((part): S3Store | undefined => {
    const match = STORE.exec(part.trim())
    if (match === null || !URL.canParse(match[2]!)) return undefined
    const { pathname, username, search } = new URL(match[2]!)
    if (pathname !== '/' || username !== '' || search !== '') return undefined
    return { id: match[1] ?? 's3', endpoint: match[2]!, weight: Number(match[3] ?? 1) }
  })
  const good = read.filter((store) => store !== undefined)
  const isGood =
    good.length === read.length &&
    new Set(good.map((store) => store.id)).size === good.length &&
    good.some(({ weight }) => weight > 0)
  if (isGood) return good
  context.addIssue({ code: 'custom', message: 'not a list of stores' })
  return z.NEVER
})

const publicUrl = z
  .string()
  .trim()
  .refine((given) => URL.canParse(given) && /^https?:$/.test(new URL(given).protocol) && !/[?#]/.test(given))
  .transform((given) => given.replace(/\/+$/, ''))

export const fileSettings = {
  s3: {
    env: 'CHAT4ALL_S3',
    schema: stores,
    expected: 'http(s)://host:port, or name@http(s)://host:port*weight with commas between them, each name once',
    about:
      'S3-compatible stores of files, as clients and edges reach them; a name is for ever, weight 0 takes nothing new',
    otherwise: 'files are kept in CHAT4ALL_DATA_DIR; an edge with CHAT4ALL_CASSANDRA keeps none',
    roles: EDGES,
  },
  s3AccessKey: {
    env: 'CHAT4ALL_S3_ACCESS_KEY',
    schema: text,
    expected: 'an access key of those stores',
    about: 'Who we are to them; goes with the next',
    otherwise: 'needed with CHAT4ALL_S3',
    roles: EDGES,
  },
  s3SecretKey: {
    env: 'CHAT4ALL_S3_SECRET_KEY',
    schema: z.string().min(1).max(256),
    expected: '1 to 256 characters',
    about: 'The secret of that key',
    otherwise: 'needed with CHAT4ALL_S3',
    roles: EDGES,
    secret: true,
  },
  s3Bucket: {
    env: 'CHAT4ALL_S3_BUCKET',
    schema: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
    expected: '3 to 63 of a–z 0–9 . -',
    about: 'The bucket in each of them, made if it does not exist',
    fallback: 'chat4all',
    roles: EDGES,
  },
  s3Region: {
    env: 'CHAT4ALL_S3_REGION',
    schema: id,
    expected: 'the name of a region',
    about: 'The region that addresses are signed for',
    fallback: 'us-east-1',
    roles: EDGES,
  },
  fileCopies: {
    env: 'CHAT4ALL_FILE_COPIES',
    schema: whole(1, 5),
    expected: 'a whole number from 1 to 5',
    about: 'Stores that each file is copied to, at most as many as there are',
    fallback: '1',
    roles: EDGES,
  },
  publicUrl: {
    env: 'CHAT4ALL_PUBLIC_URL',
    schema: publicUrl,
    expected: 'http(s)://host',
    about: 'How clients reach this server: presigned addresses of files in CHAT4ALL_DATA_DIR begin so',
    otherwise: 'they are relative to the address that was asked',
    roles: EDGES,
  },
  fileOrigins: {
    env: 'CHAT4ALL_FILE_ORIGINS',
    schema: origins,
    expected: 'http(s)://host with commas between them, or *',
    about:
      'Web pages of these origins may move files; with CHAT4ALL_S3 the one that this server’s own pages have is needed too',
    otherwise:
      'with CHAT4ALL_S3 any: an address is secret and says all that it allows; else only this server’s own pages',
    roles: EDGES,
  },
} as const satisfies Record<string, Setting<unknown>>
