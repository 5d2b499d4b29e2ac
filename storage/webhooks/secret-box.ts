import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

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

export const SECRETS_KEY_BYTES = 32

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** `sealed:KEY:BASE64`; what was written without a key begins with `whsec_`. */
const SEALED = /^sealed:([0-9a-f]{8}):([A-Za-z0-9+/]+={0,2})$/

/**
 * AES-256-GCM. The first key seals, every key opens; without keys secrets are written as they are, and those that were
 * written so are read with keys too.
 */
export function secretBox(keys: readonly Uint8Array[]): SecretBox {
  const byId = new Map(keys.map((key) => [idOf(key), key]))
  const [current] = keys
  return {
    seal(secret, about) {
      if (current === undefined) return secret
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, current, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(about))
      const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `sealed:${idOf(current)}:${sealed.toString('base64')}`
    },

    open(stored, about) {
      const [, id, base64] = SEALED.exec(stored) ?? []
      if (id === undefined || base64 === undefined) return stored
      const key = byId.get(id)
      if (key === undefined)
        throw new SealedSecretError(
          `the secret of ${about} was encrypted with key ${id}, which is not in CHAT4ALL_SECRETS_KEY: add it behind the first`,
        )
      const sealed = Buffer.from(base64, 'base64')
      try {
        const nonce = sealed.subarray(0, NONCE_BYTES)
        const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
        decipher.setAAD(Buffer.from(about)).setAuthTag(sealed.subarray(-TAG_BYTES))
        return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
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
