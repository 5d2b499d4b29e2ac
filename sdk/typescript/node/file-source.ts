import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { NewHasher } from '../files/hasher.js'
import type { FileSource } from '../files/source.js'
import { mediaTypeOf } from './media-type.js'

/** A file on disk. Close it by ending the upload. @throws Error when it cannot be read, or is no file. */
export async function openFileSource(path: string, about: { readonly mime?: string } = {}): Promise<FileSource> {
  const file = await open(path, 'r')
  const { size, mtimeMs, ino } = await file.stat()
  return {
    name: basename(path),
    size,
    mime: about.mime ?? mediaTypeOf(path),
    fingerprint: `${resolve(path)} ${size} ${mtimeMs} ${ino}`,
    async read(start, end, into = new Uint8Array(end - start)) {
      let filled = 0
      while (filled < end - start) {
        const { bytesRead } = await file.read(into, filled, end - start - filled, start + filled)
        if (bytesRead === 0) throw new Error(`${path} has become shorter while it was read`)
        filled += bytesRead
      }
      return into.subarray(0, filled)
    },
    close: () => file.close(),
  }
}

export const nodeHasher: NewHasher = (algorithm) => {
  const hash = createHash(algorithm)
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') }
}
