import { InvalidRequest } from './invalid-request.js'

/**
 * Percent-encoded bytes that are no UTF-8 stand for no text: routers leave them as they were written, so that another
 * id or address would be meant than the one that was sent.
 * @throws InvalidRequest
 */
export function demandDecodable(url: string): void {
  // Bytes that should have been percent-encoded and are no UTF-8, of which the server made U+FFFD.
  if (url.includes('\ufffd')) {
    throw new InvalidRequest([{ path: 'URL', message: 'It holds bytes that are neither percent-encoded nor UTF-8.' }])
  }
  if (!url.includes('%')) return
  try {
    decodeURIComponent(url)
  } catch {
    throw new InvalidRequest([{ path: 'URL', message: 'It holds a percent-encoding that is not UTF-8.' }])
  }
}
