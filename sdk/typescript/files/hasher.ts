import { md5 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'

/** A hash, fed piece by piece. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** Lower-case hexadecimal. */
  digest(): string
}

/** SHA-256 is what a file is known by; MD5 only tells whether S3 has the bytes of a part that it says it has. */
export type NewHasher = (algorithm: 'sha256' | 'md5') => Hasher

/** The platform's own hash takes only a whole at once, and no MD5: these are for browsers. */
export const portableHasher: NewHasher = (algorithm) => {
  const hash = (algorithm === 'md5' ? md5 : sha256).create()
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, '0')).join(''),
  }
}
