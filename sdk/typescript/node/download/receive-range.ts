import type { IncomingMessage } from 'node:http'
import { certificateFault } from '../../client/no-answer.js'
import { requestOf } from '../http-agents.js'
import { announces } from './range-answer.js'
import { type ByteRange, SILENCE_MS_MAX, type Store, StoreFault } from './store-fault.js'

/** What is written at once: a write for each packet would cost more than the bytes. */
const WRITE_BYTES = 1024 * 1024

/**
 * Bytes from `start` up to `end` of what lies at `url`, given to `store` as they come: what it was given counts, however
 * this ends. No more is read while `store` is at work.
 * @throws StoreFault, CertificateError, what `store` throws, the reason of `signal`
 */
export async function receiveRange(
  url: string,
  { start, end }: ByteRange,
  store: Store,
  signal: AbortSignal,
): Promise<void> {
  let at = start
  const response = await request(url, { start, end }, signal)
  for await (const batch of batches(response, signal)) {
    const bytes = batch.reduce((sum, { length }) => sum + length, 0)
    if (at + bytes > end) throw new StoreFault('the store sent more than was asked for')
    await store(batch, at)
    at += bytes
  }
  if (at < end) throw new StoreFault(`the store sent ${end - at} bytes too few`)
}

async function* batches(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Buffer[]> {
  let batch: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response) {
      batch.push(chunk as Buffer)
      bytes += (chunk as Buffer).length
      if (bytes < WRITE_BYTES) continue
      yield batch
      batch = []
      bytes = 0
    }
  } catch (error) {
    // What came before the connection broke is good, and need not come again.
    if (batch.length > 0) yield batch
    signal.throwIfAborted()
    throw new StoreFault((error as Error).message, error)
  }
  if (batch.length > 0) yield batch
}

function request(url: string, range: ByteRange, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = requestOf(url, { signal, headers: { range: `bytes=${range.start}-${range.end - 1}` } }, (response) => {
      const { statusCode, headers } = response
      const header = (name: string) => headers[name] as string | undefined
      if (announces(range, statusCode, header)) return resolve(response)
      response.resume()
      reject(new StoreFault(`the store answered ${statusCode}`))
    })
    sent.on('error', (error) => {
      reject(signal.aborted ? signal.reason : (certificateFault(url, error) ?? new StoreFault(error.message, error)))
    })
    sent.setTimeout(SILENCE_MS_MAX, () => void sent.destroy(new Error('the store was silent')))
    sent.end()
  })
}
