import { createHash } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Readable } from 'node:stream'
import { Client } from 'minio'
import { DigestThread } from './digest/digest-thread.js'
import {
  NoSuchUploadError,
  type ObjectName,
  type ObjectStore,
  ObjectStoreUnavailableError,
  type StoredPart,
  type Upload,
  type UploadId,
} from './port.js'

/** An S3-compatible store (minio client). Presigned addresses are computed here: the store is not asked for them. */

export interface S3Options {
  /** Where clients and this process reach it: `https://s3.example.org`. */
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
  readonly bucket: string
  readonly region: string
  /** Web pages of these origins may put parts and get files; `*`: of any. */
  readonly corsOrigins?: readonly string[]
  /** Told when the store does not take the bucket's CORS rules: then its operator has to set them. */
  readonly onCorsRefused?: (error: Error) => void
}

/** Requests that move no bytes are answered sooner, or never. */
const ANSWER_MS_MAX = 10_000
/** Joining parts may copy them, in stores that keep objects as files. */
const COMPLETE_MS_MAX = 120_000
const HASH_URL_SECONDS = 3_600
/** What `write` holds in memory. */
const COPY_PART_BYTES = 8 * 1024 * 1024

/** The client's own way to list parts is not public. */
class S3Client extends Client {
  uploadedParts(bucket: string, object: string, upload: string) {
    return this.listParts(bucket, object, upload)
  }
}

/** Opens the store; it need not answer yet. The bucket is made when it first does. */
export function openS3(options: S3Options): ObjectStore {
  const { bucket, region, accessKey, secretKey } = options
  const { hostname, port, protocol } = new URL(options.endpoint)
  const isTls = protocol === 'https:'
  const agent = new (isTls ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 64 })
  const client = new S3Client({
    endPoint: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port !== '' && { port: Number(port) }),
    useSSL: isTls,
    accessKey,
    secretKey,
    region,
    pathStyle: true,
    partSize: COPY_PART_BYTES,
    transportAgent: agent,
    // Whoever asks knows better whether to ask again.
    retryOptions: { disableRetry: true },
  })
  const hashing = new DigestThread()
  let prepared: Promise<void> | undefined

  async function prepare(): Promise<void> {
    if (!(await client.bucketExists(bucket))) {
      await client.makeBucket(bucket, region).catch((error: unknown) => {
        if (!/^BucketAlready/.test(codeOf(error))) throw error
      })
    }
    const { corsOrigins = [], onCorsRefused } = options
    if (corsOrigins.length > 0) await allowOrigins(client, bucket, corsOrigins).catch(onCorsRefused)
  }

  /** Once for all; a failure is tried again by the next. */
  const ready = (): Promise<void> => {
    prepared ??= prepare().catch((error: unknown) => {
      prepared = undefined
      throw error
    })
    return prepared
  }
  const ask = <T>(call: () => Promise<T>, msMax = ANSWER_MS_MAX): Promise<T> =>
    answered(() => ready().then(call), options.endpoint, msMax)
  const whenMissing =
    <T>(instead: T) =>
    (error: unknown): T => {
      if (isMissing(error)) return instead
      throw error
    }
  const presignedGet = (object: ObjectName, seconds: number, headers: Record<string, string> = {}) =>
    client.presignedUrl('GET', bucket, object, seconds, headers)

  return {
    begin: (object) =>
      ask(
        () =>
          client.initiateNewMultipartUpload(bucket, object, {
            'content-type': 'application/octet-stream',
          }) as Promise<UploadId>,
      ),
    partUrl: (upload, part, seconds) =>
      client.presignedUrl('PUT', bucket, upload.object, seconds, { partNumber: String(part), uploadId: upload.id }),
    parts: (upload) =>
      ask(async () => {
        const parts = await client.uploadedParts(bucket, upload.object, upload.id).catch(goneUpload(upload))
        return parts
          .map(({ part, size, etag }): StoredPart => ({ part, bytes: size, etag }))
          .sort((a, b) => a.part - b.part)
      }),
    complete: (upload, parts) =>
      ask(async () => {
        const etags = parts.map(({ part, etag }) => ({ part, etag }))
        await client.completeMultipartUpload(bucket, upload.object, upload.id, etags).catch(goneUpload(upload))
      }, COMPLETE_MS_MAX),
    abort: (object) =>
      ask(async () => {
        for (let id = await client.findUploadId(bucket, object); id; id = await client.findUploadId(bucket, object)) {
          await client.abortMultipartUpload(bucket, object, id).catch(whenMissing(undefined))
        }
      }),
    downloadUrl: (object, { seconds, contentType, contentDisposition }) =>
      presignedGet(object, seconds, {
        'response-content-type': contentType,
        'response-content-disposition': contentDisposition,
      }),
    stat: (object) =>
      ask(() =>
        client
          .statObject(bucket, object)
          .then(({ size }) => ({ bytes: size }))
          .catch(whenMissing(undefined)),
      ),
    async digest(object, partBytes) {
      if ((await this.stat(object)) === undefined) return undefined
      return hashing.digest({ url: await presignedGet(object, HASH_URL_SECONDS) }, partBytes)
    },
    remove: (object) => ask(() => client.removeObject(bucket, object).catch(whenMissing(undefined))),
    read: (object) => ask(() => client.getObject(bucket, object) as Promise<Readable>),
    async write(object, bytes, source) {
      await ready()
      await client.putObject(bucket, object, source, bytes)
    },
    health: () => ask(async () => void (await client.bucketExists(bucket))),
    async close() {
      await hashing.close()
      agent.destroy()
    },
  }
}

async function allowOrigins(client: Client, bucket: string, origins: readonly string[]): Promise<void> {
  const allowed = origins.map((origin) => `<AllowedOrigin>${escapeXml(origin)}</AllowedOrigin>`).join('')
  const rules =
    `<CORSConfiguration><CORSRule>${allowed}<AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod>` +
    '<AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>' +
    '<ExposeHeader>Content-Range</ExposeHeader><MaxAgeSeconds>3600</MaxAgeSeconds></CORSRule></CORSConfiguration>'
  const md5 = createHash('md5').update(rules).digest('base64')
  await client.makeRequestAsyncOmit(
    { method: 'PUT', bucketName: bucket, query: 'cors=', headers: { 'Content-MD5': md5 } },
    rules,
    [200, 204],
  )
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

/** What the store refuses keeps its own error; no answer, or one of a store in trouble, is ObjectStoreUnavailableError. */
async function answered<T>(call: () => Promise<T>, endpoint: string, msMax: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ObjectStoreUnavailableError(`${endpoint}: no answer in ${msMax} ms`)), msMax)
  })
  try {
    return await Promise.race([call(), late])
  } catch (error) {
    throw isRefusal(error) ? error : new ObjectStoreUnavailableError(`${endpoint}: ${(error as Error).message}`, error)
  } finally {
    clearTimeout(timer)
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? '')
}

function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound', 'NoSuchUpload'].includes(codeOf(error))
}

/** The store understood, and said no. */
function isRefusal(error: unknown): boolean {
  if (error instanceof NoSuchUploadError || error instanceof ObjectStoreUnavailableError) return true
  return (
    (error as Error).name === 'S3Error' && !['InternalError', 'ServiceUnavailable', 'SlowDown'].includes(codeOf(error))
  )
}

function goneUpload(upload: Upload): (error: unknown) => never {
  return (error) => {
    throw isMissing(error) ? new NoSuchUploadError(upload) : error
  }
}
