import { createHash } from 'node:crypto'
import { openBytes, sealBytes } from '../sealed-bytes.js'

/** How secrets of webhooks stand in the records. `about` is whose it is: a secret that is moved to another does not open. */
export interface SecretBox {
  seal(secret: string, about: string): string
  /** @throws SealedSecretError */
  open(stored: string, about: string): string
  /** Whether `seal` would write it in another way: it was written without a key, or with an earlier one. */
  isOutdated(stored: string): boolean
}

/** A secret that cannot be read: of a key that this process was not given, or changed since it was written. */
export class SealedSecretError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SealedSecretError'
  }
}

/** `sealed:KEY:BASE64`; what was written without a key begins with `whsec_`. */
const SEALED = /^sealed:([0-9a-f]{8}):([A-Za-z0-9+/]+={0,2})$/

/**
 * The first key seals, every key opens; without keys secrets are written as they are, and those that were
 * written so are read with keys too.
 */
export function secretBox(keys: readonly Uint8Array[]): SecretBox {
  const byId = new Map(keys.map((key) => [idOf(key), key]))
  const [current] = keys
  return {
    seal(secret, about) {
      if (current === undefined) return secret
      return `sealed:${idOf(current)}:${sealBytes(current, secret, about).toString('base64')}`
    },

    open(stored, about) {
      const [, id, base64] = SEALED.exec(stored) ?? []
      if (id === undefined || base64 === undefined) return stored
      const key = byId.get(id)
      if (key === undefined)
        throw new SealedSecretError(
          `the secret of ${about} was encrypted with key ${id}, which is not in CHAT4ALL_SECRETS_KEY: add it behind the first`,
        )
      try {
        return openBytes(key, Buffer.from(base64, 'base64'), about)
      } catch {
        throw new SealedSecretError(`the secret of ${about} was changed since it was encrypted with key ${id}`)
      }
    },

    isOutdated(stored) {
      const id = SEALED.exec(stored)?.[1]
      return current === undefined ? false : id !== idOf(current)
    },
  }
}

/** Tells keys apart, and nothing else of them. */
function idOf(key: Uint8Array): string {
  return createHash('sha256').update('chat4all secrets key\n').update(key).digest('hex').slice(0, 8)
}
