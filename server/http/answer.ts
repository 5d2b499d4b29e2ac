import type { HttpResponse } from 'uWebSockets.js'
import { STATUS_CODES } from 'node:http'

/** Sent with every answer of this folder: a browser shall run, guess and embed nothing that we did not mean. */
const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
]

/** What a page may load: its own, and files at these origins. */
export function pagePolicy(origins: readonly string[]): Readonly<Record<string, string>> {
  const files = origins.map((origin) => ` ${origin}`).join('')
  return {
    'content-security-policy':
      `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:${files}; font-src 'self'; ` +
      `media-src 'self' blob:${files}; connect-src 'self'${files}; manifest-src 'self'; worker-src 'self'; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  }
}

const PLAIN_POLICY = pagePolicy([])

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

/** Writes a whole answer; for HEAD its head alone, with the length that GET would have. */
export function answer(res: HttpResponse, { status, headers, body = '' }: Answer, method = 'get'): void {
  // uWebSockets counts a response without a body as unanswered: it wants a handler of aborts, and would cut the
  // connection at its next request. So there is one, and the connection ends here.
  if (method === 'head') res.onAborted(() => {})
  res.cork(() => {
    res.writeStatus(`${status} ${STATUS_CODES[status]}`)
    for (const [name, value] of SECURITY_HEADERS) res.writeHeader(name, value)
    for (const [name, value] of Object.entries({ ...PLAIN_POLICY, ...headers })) res.writeHeader(name, value)
    if (method !== 'head') res.end(body)
    else res.endWithoutBody(typeof body === 'string' ? Buffer.byteLength(body) : body.length, true)
  })
}

export function answerJson(res: HttpResponse, status: number, value: unknown, method = 'get'): void {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }
  answer(res, { status, headers, body: `${JSON.stringify(value)}\n` }, method)
}
