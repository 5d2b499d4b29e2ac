import { hash, timingSafeEqual } from 'node:crypto'

/** Compares what was sent with a secret in a time that tells nothing of it: by hash, so of equal length, whatever comes. */
export function sameSecret(given: string, secret: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', secret, 'buffer'))
}
