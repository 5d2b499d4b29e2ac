import { createReadStream } from 'node:fs'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import type { Readable } from 'node:stream'
import { parentPort } from 'node:worker_threads'
import type { DigestAnswer, DigestRequest, DigestSource } from './digest-thread.js'
import { PartHashes } from './part-hashes.js'

// Runs in a thread of its own: hashing 2 GB is a second of CPU, which the sessions of an edge must not wait for.

const CHUNK_BYTES = 1024 * 1024
/** A store that sends nothing for so long has gone. */
const SILENCE_MS_MAX = 20_000

parentPort!.on('message', async ({ id, source, partBytes }: DigestRequest) => {
  let answer: DigestAnswer
  try {
    const hashes = new PartHashes(partBytes)
    for await (const chunk of await open(source)) hashes.update(chunk as Uint8Array)
    answer = { id, digest: hashes.finish() }
  } catch (error) {
    answer = { id, fault: (error as Error).message }
  }
  parentPort!.postMessage(answer)
})

async function open(source: DigestSource): Promise<Readable> {
  if ('path' in source) return createReadStream(source.path, { highWaterMark: CHUNK_BYTES })
  return new Promise<IncomingMessage>((resolve, reject) => {
    const get = source.url.startsWith('https:') ? httpsGet : httpGet
    const request = get(source.url, (response) => {
      if (response.statusCode === 200) return resolve(response)
      response.resume()
      reject(new Error(`the store answered ${response.statusCode}`))
    })
    request.on('error', reject)
    request.setTimeout(SILENCE_MS_MAX, () => {
      request.destroy(new Error(`the store was silent for ${SILENCE_MS_MAX} ms`))
    })
  })
}
