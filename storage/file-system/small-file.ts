import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { DamagedFileError } from './damaged-file-error.js'
import type { FileSystem } from './port.js'
import { writeWhole } from './port.js'

/**
 * Small files that are always whole: the new content is written beside the old one, synced, and put in its place by
 * one rename. A crash at any moment leaves the old content or the new. A checksum in front finds what a disk has
 * damaged since: a few bytes that decide who owns what must not be misread.
 */

/** Replaces the file's content. Resolves when it is durable; rejects with an unknown outcome: old or new, both whole. */
export async function replaceFile(fileSystem: FileSystem, path: string, text: string): Promise<void> {
  const beside = `${path}.new`
  // Left over by a crash. `create` refuses an existing file, so that two writers of one path are found out.
  await fileSystem.removeFile(beside)
  const file = await fileSystem.openFile(beside, 'create')
  try {
    const body = Buffer.from(text)
    await writeWhole(file, [Buffer.from(`${checksum(body)}\n`), body], 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await fileSystem.rename(beside, path)
  await fileSystem.syncFolder(dirname(path))
}

/**
 * The file's content; undefined when there is none.
 * @throws DamagedFileError when it is not what `replaceFile` wrote.
 */
export async function readSmallFile(fileSystem: FileSystem, path: string): Promise<string | undefined> {
  const file = await fileSystem.openFile(path, 'read').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return undefined
  try {
    const bytes = Buffer.alloc(await file.size())
    await file.read(bytes, 0)
    const body = bytes.subarray(CHECKSUM_CHARACTERS + 1)
    if (bytes.toString('latin1', 0, CHECKSUM_CHARACTERS) !== checksum(body)) {
      throw new DamagedFileError(path, 'its checksum does not match its content')
    }
    return body.toString()
  } finally {
    await file.close()
  }
}

const CHECKSUM_CHARACTERS = 8

function checksum(body: Uint8Array): string {
  return crc32(body).toString(16).padStart(CHECKSUM_CHARACTERS, '0')
}
