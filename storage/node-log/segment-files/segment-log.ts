import type { LogId, Offset } from '@chat4all/protocol'
import type { FileSystem } from '../../file-system/port.js'
import { CorruptLogError, type LogCursors, LogFailedError } from '../port.js'
import { GroupCommit, otherBytes } from './group-commit.js'
import type { LogState, LogStateFile } from './log-state.js'
import { checksumSeed } from './record.js'
import { RecordReader } from './record-reader.js'
import type { RecoveredSegments } from './recover.js'
import type { Segment } from './segment.js'
import { type SegmentSizes, SegmentWriter } from './segment-writer.js'

/** One log: its state file and its segments. */
export class SegmentLog {
  private readonly id: LogId
  private readonly fileSystem: FileSystem
  private readonly stateFile: LogStateFile
  private readonly writer: SegmentWriter
  private readonly commits: GroupCommit
  private readonly onFailed: (error: LogFailedError) => void

  constructor(options: {
    readonly id: LogId
    readonly fileSystem: FileSystem
    readonly folder: string
    readonly sizes: SegmentSizes
    readonly stateFile: LogStateFile
    readonly recovered: RecoveredSegments
    readonly onFailed: (error: LogFailedError) => void
  }) {
    const { id, fileSystem, folder, sizes, recovered } = options
    this.id = id
    this.fileSystem = fileSystem
    this.stateFile = options.stateFile
    this.onFailed = options.onFailed
    this.writer = new SegmentWriter(fileSystem, folder, id, sizes, recovered.segments, recovered.nextNumber)
    this.commits = new GroupCommit(recovered.segments.at(-1)?.end ?? (0 as Offset), async (group, synced) => {
      try {
        await this.writer.write(group, synced)
      } catch (error) {
        throw this.failed(error as Error)
      }
    })
  }

  /** Call before the first append. */
  prepare(): Promise<void> {
    return this.writer.prepare()
  }

  get state(): LogState {
    return this.stateFile.current
  }

  async append(offset: Offset, entry: Uint8Array): Promise<void> {
    if (offset >= this.commits.durable) return this.commits.append(offset, entry)
    await this.mustHave(offset, entry)
  }

  /** Rejects unless this very entry is stored. */
  async mustHave(offset: Offset, entry: Uint8Array): Promise<void> {
    const [stored] = await this.read(offset, 1)
    if (stored === undefined) throw new Error(`log ${this.id} has no entry ${offset} (any more)`)
    if (Buffer.compare(stored, entry) !== 0) throw otherBytes(offset)
  }

  async read(from: Offset, limit: number): Promise<Uint8Array[]> {
    const entries: Uint8Array[] = []
    // Appends and drops that come while we read change neither these bounds nor the files that we have open.
    const end = this.commits.durable
    for (const segment of [...this.writer.segments]) {
      const next = (from + entries.length) as Offset
      if (segment.first > next || entries.length >= limit || next >= end) break
      if (next < segment.end) await this.readSegment(segment, next, Math.min(segment.end, end, from + limit), entries)
    }
    return entries
  }

  private async readSegment(segment: Segment, from: Offset, to: number, entries: Uint8Array[]): Promise<void> {
    const file = await this.fileSystem.openFile(segment.path, 'read')
    try {
      let { offset, position } = segment.before(from)
      const reader = new RecordReader(file, checksumSeed(this.id), position)
      for (; offset < to; offset++) {
        position = reader.position
        const record = await reader.next(offset)
        if (record === undefined) throw new CorruptLogError(segment.path, position, `entry ${offset} is not intact`)
        if (offset >= from) entries.push(record.entry)
      }
    } finally {
      await file.close()
    }
  }

  /** Resolves when the seal is durable and nothing is being appended any more. */
  async seal(): Promise<void> {
    await this.stateFile.update((state) => (state.sealed ? state : { ...state, sealed: true }))
    this.commits.refuse(new Error(`log ${this.id} is sealed`))
    await this.commits.idle()
  }

  async decideEnd(end: Offset): Promise<Offset> {
    const state = await this.stateFile.update((before) => (before.end === undefined ? { ...before, end } : before))
    return state.end!
  }

  async saveCursor(view: keyof LogCursors, cursor: Offset): Promise<void> {
    await this.stateFile.update((state) => (state[view] >= cursor ? state : { ...state, [view]: cursor }))
  }

  /** Returns whether the whole log went: its end is decided and nothing below it is needed any more. */
  async dropBelow(below: Offset): Promise<boolean> {
    const { end, materialised } = this.state
    if (below > materialised) {
      throw new Error(`log ${this.id} cannot be dropped below ${below}: its view has got to ${materialised} only`)
    }
    await this.writer.dropBelow(below)
    if (end === undefined || below < end) return false
    this.commits.refuse(new Error(`log ${this.id} has ended at ${end} and was dropped`))
    await this.commits.idle()
    await this.stateFile.update((state) => ({ ...state, sealed: true, dropped: true }))
    await this.writer.close()
    for (const segment of this.writer.segments.splice(0)) await this.fileSystem.removeFile(segment.path)
    return true
  }

  /** Waits for the write under way, and notes how far the log is known to be good. */
  async close(): Promise<void> {
    this.commits.refuse(new Error(`log ${this.id} is closed`))
    await this.commits.idle()
    await this.writer.close()
    const closedAt = this.commits.durable
    if (closedAt > (this.state.closedAt ?? 0)) await this.stateFile.update((state) => ({ ...state, closedAt }))
  }

  private failed(cause: Error): LogFailedError {
    const error = new LogFailedError(this.id, cause)
    this.onFailed(error)
    return error
  }
}
