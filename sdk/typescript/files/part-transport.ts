/**
 * Sends one part to its presigned address: PUT, nothing but the bytes. Resolves with the HTTP status; rejects when the
 * connection failed or `signal` ended it.
 */
export type PartTransport = (
  url: string,
  bytes: Uint8Array<ArrayBuffer>,
  options: { readonly signal: AbortSignal; readonly onSent: (bytes: number) => void },
) => Promise<number>

/** XMLHttpRequest where there is one: fetch does not tell how far an upload is. */
export const platformTransport: PartTransport = (url, bytes, options) =>
  typeof XMLHttpRequest === 'undefined' ? byFetch(url, bytes, options) : byRequest(url, bytes, options)

const byFetch: PartTransport = async (url, body, { signal, onSent }) => {
  const response = await fetch(url, { method: 'PUT', body, signal })
  await response.arrayBuffer()
  if (response.ok) onSent(body.length)
  return response.status
}

const byRequest: PartTransport = (url, bytes, { signal, onSent }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const abort = () => request.abort()
    request.upload.onprogress = ({ loaded }) => onSent(loaded)
    request.onload = () => resolve(request.status)
    request.onerror = () => reject(new Error('the connection failed'))
    request.onabort = () => reject(signal.reason)
    request.onloadend = () => signal.removeEventListener('abort', abort)
    signal.addEventListener('abort', abort)
    request.open('PUT', url)
    request.send(bytes)
  })
