import { createHash } from 'node:crypto'

/**
 * Tells requests apart that came with one key. Of the body it looks at what was understood, in the order of the schema: the
 * same request written with other spaces is the same.
 */
export function fingerprintOf(method: string, path: string, query: unknown, body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([method, path, query, body]))
    .digest('base64url')
}
