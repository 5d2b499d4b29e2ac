import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** AES-256-GCM: nobody without the key reads it, and a change is found out. As bytes: nonce, text, tag. */

const ALGORITHM = 'aes-256-gcm'
export const SEALING_KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * @param key {@link SEALING_KEY_BYTES} bytes
 * @param about whose it is, not kept: what is moved to another does not open
 */
export function sealBytes(key: Uint8Array, text: string, about = ''): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(about))
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** @throws Error when it was sealed with another key or about something else, or was changed since. */
export function openBytes(key: Uint8Array, sealed: Uint8Array, about = ''): string {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('too short to have been sealed')
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(about)).setAuthTag(sealed.subarray(-TAG_BYTES))
  return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
}
