import { createReadStream } from 'node:fs'
import { open, rename, stat, unlink } from 'node:fs/promises'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { Chat4AllError } from '@chat4all/protocol'
import type { Files } from '../files/files.js'
import { nodeHasher } from './file-source.js'

export interface DownloadOptions {
  /** In which it was posted, if known. */
  readonly conversation?: string
  readonly onProgress?: (progress: { readonly storedBytes: number; readonly totalBytes: number }) => void
}

const ATTEMPTS_MAX = 6
const WAIT_MS = 500
const SILENCE_MS_MAX = 60_000
const CHUNK_BYTES = 1024 * 1024

/**
 * Downloads a file to `path`. What has come lies in `path.part` until it is whole and its SHA-256 is that of the file:
 * a download that was cut off goes on from there. @throws Chat4AllError
 */
export async function downloadFile(
  files: Files,
  fileId: string,
  path: string,
  options: DownloadOptions = {},
): Promise<{ readonly size: number; readonly checksum: string }> {
  const { size, checksum, state } = await files.get(fileId, options.conversation)
  if (state !== 'ready' || checksum === undefined) throw new Chat4AllError('INVALID', `The file is ${state}.`)
  const draft = `${path}.part`
  const hash = nodeHasher('sha256')
  let at = await bytesOf(draft)
  if (at > size) {
    await unlink(draft)
    at = 0
  }
  if (at > 0) for await (const chunk of createReadStream(draft, { highWaterMark: CHUNK_BYTES })) hash.update(chunk)
  const tell = () => options.onProgress?.({ storedBytes: at, totalBytes: size })
  tell()
  const into = await open(draft, 'a')
  try {
    for (let attempt = 1; at < size; attempt++) {
      const { url } = await files.downloadUrl(fileId, options)
      const before = at
      let diskFault: unknown
      try {
        // While one batch is written, the next one comes, and is hashed.
        let written: Promise<unknown> = Promise.resolve()
        try {
          for await (const batch of batches(await request(url, at))) {
            for (const chunk of batch) hash.update(chunk)
            await written
            written = into.appendFile(Buffer.concat(batch))
            written.catch((error: unknown) => {
              diskFault = error
            })
            for (const chunk of batch) at += chunk.length
            tell()
          }
        } finally {
          await written
        }
      } catch (error) {
        if (diskFault !== undefined) throw diskFault
        if (at > before) attempt = 0
        else if (attempt >= ATTEMPTS_MAX) throw new Chat4AllError('UNAVAILABLE', (error as Error).message)
        await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
      }
    }
  } finally {
    await into.close()
  }
  if (hash.digest() !== checksum) {
    await unlink(draft)
    throw new Chat4AllError(
      'INTERNAL',
      'What came has another SHA-256 than the file: it was removed, download it anew.',
    )
  }
  await rename(draft, path)
  return { size, checksum }
}

/** What comes, a megabyte at a time: a write for each packet would cost more than the bytes. */
async function* batches(response: IncomingMessage): AsyncGenerator<Buffer[]> {
  let batch: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response) {
      batch.push(chunk as Buffer)
      bytes += (chunk as Buffer).length
      if (bytes < CHUNK_BYTES) continue
      yield batch
      batch = []
      bytes = 0
    }
  } catch (error) {
    // What came before the connection broke is good, and need not come again.
    if (batch.length > 0) yield batch
    throw error
  }
  if (batch.length > 0) yield batch
}

async function bytesOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}

function request(url: string, from: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? httpsGet : httpGet
    const sent = get(url, { headers: { range: `bytes=${from}-` } }, (response) => {
      if (response.statusCode === 206 || (response.statusCode === 200 && from === 0)) return resolve(response)
      response.resume()
      reject(new Error(`the store answered ${response.statusCode}`))
    })
    sent.on('error', reject)
    sent.setTimeout(SILENCE_MS_MAX, () => void sent.destroy(new Error('the store was silent')))
  })
}
