import { constants, type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { FileHash } from './file-hash.js'

/** How a file is cut, and the SHA-256 of each part where it is known. */
export interface Manifest {
  readonly size: number
  readonly partBytes: number
  readonly parts: readonly string[] | undefined
}

/**
 * What has come of a file, each byte at its place. Nothing else is written down: after a break, or a power cut, the parts
 * are known by their SHA-256, so a draft cannot be believed to hold what it does not.
 */
export class Draft {
  readonly partCount: number
  private readonly path: string
  private readonly file: FileHandle
  private readonly manifest: Manifest

  private constructor(path: string, file: FileHandle, manifest: Manifest) {
    this.path = path
    this.file = file
    this.manifest = manifest
    this.partCount = Math.max(1, Math.ceil(manifest.size / manifest.partBytes))
  }

  /** Opens what an earlier download left, or begins one. */
  static async open(path: string, manifest: Manifest): Promise<Draft> {
    return new Draft(path, await open(path, constants.O_RDWR | constants.O_CREAT), manifest)
  }

  /** Where a part (1, 2, 3 …) lies. */
  rangeOf(part: number): { readonly start: number; readonly end: number } {
    const { partBytes, size } = this.manifest
    return { start: (part - 1) * partBytes, end: Math.min(part * partBytes, size) }
  }

  /** The parts that are there, as they should be. */
  async rightParts(): Promise<Set<number>> {
    const { size: thereBytes } = await this.file.stat()
    const right = new Set<number>()
    const { parts, size } = this.manifest
    if (thereBytes > size) await this.file.truncate(size)
    for (const [i, checksum] of parts?.entries() ?? []) {
      const { start, end } = this.rangeOf(i + 1)
      if (end > thereBytes) break
      const hash = this.hash()
      hash.add(start, end)
      if ((await hash.digest()) === checksum) right.add(i + 1)
    }
    return right
  }

  /** A hash of what is in it. */
  hash(): FileHash {
    return new FileHash(this.path)
  }

  async write(chunks: readonly Buffer[], offset: number): Promise<void> {
    let left = [...chunks]
    for (let at = offset; left.length > 0; ) {
      const { bytesWritten } = await this.file.writev(left, at)
      at += bytesWritten
      left = behind(left, bytesWritten)
    }
  }

  async close(): Promise<void> {
    await this.file.close()
  }

  /** It is whole: gives it its name. */
  finish(path: string): Promise<void> {
    return rename(this.path, path)
  }

  remove(): Promise<void> {
    return unlink(this.path)
  }
}

/** What is left of chunks of which so many bytes are done: a disk may take less than it is given. */
function behind(chunks: readonly Buffer[], doneBytes: number): Buffer[] {
  let skip = doneBytes
  return chunks.flatMap((chunk) => {
    const skipped = Math.min(skip, chunk.length)
    skip -= skipped
    return skipped === chunk.length ? [] : [chunk.subarray(skipped)]
  })
}
