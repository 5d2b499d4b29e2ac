import { certificateFault } from '../client/no-answer.js'
import type { PartTransport } from '../files/part-transport.js'
import { requestOf } from './http-agents.js'

/** A store that takes nothing for so long has gone. */
const SILENCE_MS_MAX = 60_000
const WRITE_BYTES = 256 * 1024

/** Sends a part by Node's own HTTP, without copying it. */
export const nodeTransport: PartTransport = (url, bytes, { signal, onSent }) =>
  new Promise((resolve, reject) => {
    const request = requestOf(
      url,
      {
        method: 'PUT',
        signal,
        headers: { 'content-length': bytes.length, 'content-type': 'application/octet-stream' },
      },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode!))
        response.on('error', reject)
      },
    )
    request.on('error', (error) => reject(certificateFault(url, error) ?? error))
    request.setTimeout(SILENCE_MS_MAX, () => {
      request.destroy(new Error(`the store was silent for ${SILENCE_MS_MAX} ms`))
    })
    let at = 0
    const write = (): void => {
      while (at < bytes.length) {
        const chunk = bytes.subarray(at, at + WRITE_BYTES)
        at += chunk.length
        const hasRoom = request.write(chunk)
        onSent(at)
        if (!hasRoom) return void request.once('drain', write)
      }
      request.end()
    }
    write()
  })
