import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * A secret that is made once and kept in a file that only its owner can read. Of two processes that make it at the
 * same time, both use the one that was written first.
 */
export function keptSecret(file: string, encoding: 'base64' | 'base64url', bytes = 32): string {
  mkdirSync(dirname(file), { recursive: true })
  if (!existsSync(file)) {
    // Linked into place whole, so that neither a crash nor another process at its heels sees half of it.
    const own = `${file}.${process.pid}`
    writeFileSync(own, `${randomBytes(bytes).toString(encoding)}\n`, { mode: 0o600 })
    try {
      linkSync(own, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      unlinkSync(own)
    }
  }
  // A backup that was unpacked may have opened it to others.
  chmodSync(file, 0o600)
  const secret = readFileSync(file, 'utf8').trim()
  if (secret.length === 0) throw new Error(`${file} is empty: delete it, and a new secret is made at the next start`)
  return secret
}
