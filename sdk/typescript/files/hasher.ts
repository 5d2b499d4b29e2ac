import { sha256 } from '@noble/hashes/sha2.js'

/** SHA-256, fed piece by piece. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** Lower-case hexadecimal. */
  digest(): string
}

/** The platform's own hash takes only a whole at once: this one is for browsers. */
export function portableHasher(): Hasher {
  const hash = sha256.create()
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, '0')).join(''),
  }
}
