import type { LogId, Offset } from '@chat4all/protocol'
import { type FileSystem, type OpenFile, writeWhole } from '../../file-system/port.js'
import type { Waiting } from './group-commit.js'
import { checksumSeed, HEADER_BYTES, writeHeader } from './record.js'
import { Segment, SpareSegment } from './segment.js'

/** How large segments are: small at first, so that a small log costs little disk, then eight times the last. */
export interface SegmentSizes {
  readonly firstBytes: number
  readonly maxBytes: number
}

/** The last segment of a log, and the one that will follow it. */
export class SegmentWriter {
  /** Those that hold entries, in order. */
  readonly segments: Segment[]
  private readonly fileSystem: FileSystem
  private readonly folder: string
  private readonly seed: number
  private readonly maxBytes: number
  private nextBytes: number
  private nextNumber: number
  private current: { readonly segment: Segment; readonly file: OpenFile; readonly bytes: number } | undefined
  private position = 0
  private spare: { readonly segment: SpareSegment; readonly bytes: number } | undefined

  constructor(
    fileSystem: FileSystem,
    folder: string,
    log: LogId,
    sizes: SegmentSizes,
    segments: Segment[],
    nextNumber: number,
  ) {
    this.fileSystem = fileSystem
    this.folder = folder
    this.seed = checksumSeed(log)
    this.maxBytes = sizes.maxBytes
    this.nextBytes = sizes.firstBytes
    this.segments = segments
    this.nextNumber = nextNumber
  }

  /** Prepares the first segment, so that the first append does not wait for it. */
  async prepare(): Promise<void> {
    await this.prepareSpare().file
  }

  /** Writes a group of entries with one call. Resolves when it is on stable storage. */
  async write(group: readonly Waiting[], synced: Offset): Promise<void> {
    let bytes = 0
    for (const { entry } of group) bytes += HEADER_BYTES + entry.length
    // A write never spans two segments; one that is larger than a segment makes its segment longer.
    let current = this.current
    if (current === undefined || (this.position > 0 && this.position + bytes > current.bytes)) {
      current = await this.nextSegment(synced)
    }
    const headers = Buffer.allocUnsafe(group.length * HEADER_BYTES)
    const buffers: Uint8Array[] = []
    for (let i = 0; i < group.length; i++) {
      const { offset, entry } = group[i]!
      const at = i * HEADER_BYTES
      writeHeader(headers, at, this.seed, offset, synced, entry)
      buffers.push(headers.subarray(at, at + HEADER_BYTES), entry)
    }
    await writeWhole(current.file, buffers, this.position)
    for (const { entry } of group) {
      current.segment.add(this.position)
      this.position += HEADER_BYTES + entry.length
    }
    if (this.spare === undefined && this.position > current.bytes / 2) this.prepareSpare()
  }

  private async nextSegment(first: Offset): Promise<{ segment: Segment; file: OpenFile; bytes: number }> {
    if (this.spare === undefined) this.prepareSpare()
    const { segment: spare, bytes } = this.spare!
    this.spare = undefined
    spare.hurry()
    const file = await spare.file
    await this.current?.file.close()
    const segment = new Segment(spare.path, spare.number, first)
    this.segments.push(segment)
    this.current = { segment, file, bytes }
    this.position = 0
    return this.current
  }

  private prepareSpare(): SpareSegment {
    const bytes = this.nextBytes
    this.nextBytes = Math.min(this.maxBytes, bytes * 8)
    const segment = new SpareSegment(this.fileSystem, this.folder, this.nextNumber++, bytes)
    this.spare = { segment, bytes }
    // Disk full, perhaps: the next write tries again, and if there is no spare when one is needed, that append fails.
    segment.file.catch(() => {
      if (this.spare?.segment === segment) this.spare = undefined
    })
    return segment
  }

  /** Removes segments whose entries all lie below; never the one in use. Resolves when that is durable. */
  async dropBelow(below: Offset): Promise<void> {
    let removed = 0
    while (this.segments.length > 1 && this.segments[0]!.end <= below) {
      const { path } = this.segments.shift()!
      await this.fileSystem.removeFile(path)
      removed++
    }
    if (removed > 0) await this.fileSystem.syncFolder(this.folder)
  }

  /** Closes what is open, and removes the segment that was prepared for nothing. */
  async close(): Promise<void> {
    await this.current?.file.close()
    this.current = undefined
    const spare = this.spare?.segment
    this.spare = undefined
    if (spare === undefined) return
    spare.hurry()
    const file = await spare.file.catch(() => undefined)
    await file?.close()
    await this.fileSystem.removeFile(spare.path)
  }
}
