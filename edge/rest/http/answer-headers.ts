const BASE: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // Pages that we let in ask with CORS, which this does not touch; to all others an answer is nothing to embed.
  'cross-origin-resource-policy': 'same-origin',
}

const UNLESS_SET: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
}

export interface AnswerHeaders {
  readonly requestId: string
  /** 0: browsers may come in the clear. */
  readonly hstsSeconds: number
}

/** Puts the headers of every answer on it. Pages that need a wider policy have set theirs. */
export function setAnswerHeaders(headers: Headers, { requestId, hstsSeconds }: AnswerHeaders): void {
  headers.set('x-request-id', requestId)
  for (const name in BASE) headers.set(name, BASE[name]!)
  for (const name in UNLESS_SET) if (!headers.has(name)) headers.set(name, UNLESS_SET[name]!)
  if (hstsSeconds > 0) headers.set('strict-transport-security', `max-age=${hstsSeconds}`)
}
