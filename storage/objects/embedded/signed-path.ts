import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Addresses that carry their own permission, as S3's presigned ones do: what may be done, to what, and until when, with
 * a keyed hash (HMAC-SHA256) over all of it. A changed character is another address, which nobody signed.
 */
export class SignedPaths {
  private readonly key: Uint8Array
  private readonly now: () => number

  constructor(key: Uint8Array, now: () => number) {
    this.key = key
    this.now = now
  }

  /** `parameters` in any order; the address is good for so many seconds. */
  sign(method: 'GET' | 'PUT', path: string, parameters: Readonly<Record<string, string>>, seconds: number): string {
    const expires = String(Math.floor(this.now() / 1000) + seconds)
    const query = new URLSearchParams({ ...parameters, expires })
    query.sort()
    query.append('signature', this.signature(method, path, query))
    return `${path}?${query}`
  }

  /** What was signed; undefined when it was not signed here, not like this, or has ended. */
  verify(method: 'GET' | 'PUT', path: string, search: string): Readonly<Record<string, string>> | undefined {
    const query = new URLSearchParams(search)
    const given = Buffer.from(query.get('signature') ?? '', 'base64url')
    query.delete('signature')
    query.sort()
    const expected = Buffer.from(this.signature(method, path, query), 'base64url')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    if (Number(query.get('expires')) * 1000 < this.now()) return undefined
    return Object.fromEntries(query)
  }

  private signature(method: string, path: string, query: URLSearchParams): string {
    return createHmac('sha256', this.key).update(`${method}\n${path}\n${query}`).digest('base64url')
  }
}
