import { join } from 'node:path'
import type { Offset } from '@chat4all/protocol'
import { type FileSystem, type OpenFile, writeWhole } from '../../file-system/port.js'
import { SparseIndex } from './sparse-index.js'

/** One file of a log: what it holds is known in memory, entries in (first, end). */
export class Segment {
  readonly path: string
  readonly number: number
  readonly first: Offset
  /** First offset that is not in it. */
  end: Offset
  private readonly index = new SparseIndex()

  constructor(path: string, number: number, first: Offset) {
    this.path = path
    this.number = number
    this.first = first
    this.end = first
  }

  /** Counts one more entry, whose record begins at `position`. */
  add(position: number): void {
    this.index.add(this.end, position)
    this.end++
  }

  /** A record at or before `offset`, near it. */
  before(offset: Offset): { readonly offset: Offset; readonly position: number } {
    return this.index.before(offset)
  }
}

const NAME = /^([0-9]{8})\.segment$/

export function segmentPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(8, '0')}.segment`)
}

/** The number in a segment's file name; undefined for other files. */
export function segmentNumber(name: string): number | undefined {
  const match = NAME.exec(name)
  return match === null ? undefined : Number(match[1])
}

/** Written with a sync each, so that a commit under way on the same disk waits for so many bytes at most. */
const CHUNK_BYTES = 256 * 1024
const zeroes = Buffer.alloc(CHUNK_BYTES)

/**
 * A file of zeroes for the entries to come: writing over blocks that exist changes no metadata, which makes the sync of
 * each write cheaper (docs/decisions/0010). Made in the background while another segment is in use.
 */
export class SpareSegment {
  readonly path: string
  readonly number: number
  /** Resolves with the file, opened for durable writes. */
  readonly file: Promise<OpenFile>
  private hurried = false

  constructor(fileSystem: FileSystem, folder: string, number: number, bytes: number) {
    this.path = segmentPath(folder, number)
    this.number = number
    this.file = this.prepare(fileSystem, folder, bytes)
  }

  /** It is needed now: as far as it is zeroed will do, beyond that writes are a little slower. */
  hurry(): void {
    this.hurried = true
  }

  private async prepare(fileSystem: FileSystem, folder: string, bytes: number): Promise<OpenFile> {
    const file = await fileSystem.openFile(this.path, 'create')
    try {
      for (let at = 0; at < bytes && !this.hurried; at += CHUNK_BYTES) {
        await writeWhole(file, [zeroes.subarray(0, Math.min(CHUNK_BYTES, bytes - at))], at)
        await file.sync()
      }
    } catch (error) {
      await fileSystem.removeFile(this.path)
      throw error
    } finally {
      await file.close()
    }
    await fileSystem.syncFolder(folder)
    return fileSystem.openFile(this.path, 'durable')
  }
}
