const BASE: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}
const UNLESS_SET: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
}

/** Puts the headers of every answer on it. Pages that need a wider policy have set theirs. */
export function setAnswerHeaders(headers: Headers, requestId: string): void {
  headers.set('x-request-id', requestId)
  for (const name in BASE) headers.set(name, BASE[name]!)
  for (const name in UNLESS_SET) if (!headers.has(name)) headers.set(name, UNLESS_SET[name]!)
}
