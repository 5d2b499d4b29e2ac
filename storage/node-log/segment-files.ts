import { join } from 'node:path'
import type { LogId, Offset } from '@chat4all/protocol'
import { fromFileName, toFileName } from '../file-system/file-name.js'
import { nodeFileSystem } from '../file-system/node.js'
import type { FileSystem } from '../file-system/port.js'
import type { LogCursors, LogFailedError, NodeLogs } from './port.js'
import { type LogState, LogStateFile } from './segment-files/log-state.js'
import { recoverSegments, type TornTail } from './segment-files/recover.js'
import { segmentNumber } from './segment-files/segment.js'
import { SegmentLog } from './segment-files/segment-log.js'
import type { SegmentSizes } from './segment-files/segment-writer.js'

export type { TornTail } from './segment-files/recover.js'
export type { SegmentSizes } from './segment-files/segment-writer.js'

export interface SegmentFilesOptions {
  /** Belongs to this adapter alone. The caller has locked it (openDataFolder). */
  readonly folder: string
  /** Told of each log whose end was cut off: worth a line in the server's log, no loss. */
  readonly onTornTail?: (torn: TornTail) => void
  /** Told once per log that refuses appends for good (disk full, failed sync): time for the server to stop. */
  readonly onLogFailed?: (error: LogFailedError) => void
  readonly sizes?: SegmentSizes
  readonly fileSystem?: FileSystem
}

const SIZES: SegmentSizes = { firstBytes: 1024 * 1024, maxBytes: 64 * 1024 * 1024 }

/**
 * Opens the node logs in a folder: one sub-folder per log, its entries in segment files.
 * @throws CorruptLogError when a record is damaged that was stored once
 */
export async function openSegmentFiles(options: SegmentFilesOptions): Promise<NodeLogs> {
  const logs = new SegmentFiles(options)
  await logs.load()
  return logs
}

class SegmentFiles implements NodeLogs {
  private readonly fileSystem: FileSystem
  private readonly folder: string
  private readonly sizes: SegmentSizes
  private readonly onTornTail: (torn: TornTail) => void
  private readonly onLogFailed: (error: LogFailedError) => void
  private readonly logs = new Map<LogId, SegmentLog>()
  /** Of logs that are gone, the state is remembered. */
  private readonly dropped = new Map<LogId, LogState>()
  private readonly opening = new Map<LogId, Promise<SegmentLog>>()
  private closed = false

  constructor(options: SegmentFilesOptions) {
    this.folder = options.folder
    this.fileSystem = options.fileSystem ?? nodeFileSystem
    this.sizes = options.sizes ?? SIZES
    this.onTornTail = options.onTornTail ?? (() => {})
    this.onLogFailed = options.onLogFailed ?? (() => {})
  }

  async load(): Promise<void> {
    await this.fileSystem.makeFolder(this.folder)
    for (const name of (await this.fileSystem.listFolder(this.folder)) ?? []) {
      const log = fromFileName(name) as LogId
      const stateFile = await LogStateFile.read(this.fileSystem, join(this.folder, name))
      // Without a state, the log was about to be opened when the process died: it never existed.
      if (stateFile === undefined) continue
      if (stateFile.current.dropped) await this.forget(log, stateFile.current)
      else this.logs.set(log, await this.recover(log, stateFile))
    }
  }

  /** Finishes what a crash may have interrupted: the files of a dropped log go. */
  private async forget(log: LogId, state: LogState): Promise<void> {
    this.dropped.set(log, state)
    const folder = this.folderOf(log)
    for (const name of (await this.fileSystem.listFolder(folder)) ?? []) {
      if (segmentNumber(name) !== undefined) await this.fileSystem.removeFile(join(folder, name))
    }
  }

  private async recover(log: LogId, stateFile: LogStateFile): Promise<SegmentLog> {
    const folder = this.folderOf(log)
    const recovered = await recoverSegments(this.fileSystem, folder, log, stateFile.current)
    if (recovered.torn !== undefined) this.onTornTail(recovered.torn)
    const segmentLog = new SegmentLog({
      id: log,
      fileSystem: this.fileSystem,
      folder,
      sizes: this.sizes,
      stateFile,
      recovered,
      onFailed: this.onLogFailed,
    })
    if (stateFile.current.sealed) await segmentLog.seal()
    return segmentLog
  }

  async open(log: LogId): Promise<void> {
    this.mustBeOpen()
    if (this.logs.has(log) || this.dropped.has(log)) return
    await this.exist(log)
  }

  /** Makes the log exist; calls for the same log share one attempt. */
  private exist(log: LogId): Promise<SegmentLog> {
    let opening = this.opening.get(log)
    if (opening === undefined) {
      opening = this.create(log).finally(() => this.opening.delete(log))
      this.opening.set(log, opening)
    }
    return opening
  }

  private async create(log: LogId): Promise<SegmentLog> {
    const folder = this.folderOf(log)
    await this.fileSystem.makeFolder(folder)
    await this.fileSystem.syncFolder(this.folder)
    const stateFile = await LogStateFile.create(this.fileSystem, folder)
    const segmentLog = await this.recover(log, stateFile)
    await segmentLog.prepare()
    this.logs.set(log, segmentLog)
    return segmentLog
  }

  async append(log: LogId, offset: Offset, entry: Uint8Array): Promise<void> {
    return this.get(log).append(offset, entry)
  }

  async isSealed(log: LogId): Promise<boolean> {
    // From memory, and true to the port all the same: nobody but this process can seal a log in its locked folder.
    return this.logs.get(log)?.state.sealed ?? true
  }

  async seal(log: LogId): Promise<void> {
    this.mustBeOpen()
    if (this.dropped.has(log)) return
    const segmentLog = this.logs.get(log) ?? (await this.exist(log))
    await segmentLog.seal()
  }

  async read(log: LogId, from: Offset, limit: number): Promise<Uint8Array[]> {
    this.mustBeOpen()
    return (await this.logs.get(log)?.read(from, limit)) ?? []
  }

  async writeBack(log: LogId, offset: Offset, entry: Uint8Array): Promise<void> {
    // It was read from the only replica there is.
    await this.get(log).mustHave(offset, entry)
  }

  async decideEnd(log: LogId, end: Offset): Promise<Offset> {
    const decided = this.dropped.get(log)?.end
    return decided ?? this.get(log).decideEnd(end)
  }

  async endOf(log: LogId): Promise<Offset | undefined> {
    this.mustBeOpen()
    return (this.dropped.get(log) ?? this.logs.get(log)?.state)?.end
  }

  async cursors(log: LogId): Promise<LogCursors> {
    this.mustBeOpen()
    const state = this.dropped.get(log) ?? this.logs.get(log)?.state
    return { materialised: state?.materialised ?? (0 as Offset), published: state?.published ?? (0 as Offset) }
  }

  async saveCursor(log: LogId, view: keyof LogCursors, cursor: Offset): Promise<void> {
    if (this.dropped.has(log)) return
    await this.get(log).saveCursor(view, cursor)
  }

  async dropBelow(log: LogId, below: Offset): Promise<void> {
    if (this.dropped.has(log)) return
    const segmentLog = this.get(log)
    if (!(await segmentLog.dropBelow(below))) return
    this.dropped.set(log, segmentLog.state)
    this.logs.delete(log)
  }

  async list(): Promise<LogId[]> {
    this.mustBeOpen()
    return [...this.logs.keys()]
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await Promise.all([...this.logs.values()].map((log) => log.close()))
  }

  private get(log: LogId): SegmentLog {
    this.mustBeOpen()
    const segmentLog = this.logs.get(log)
    if (segmentLog !== undefined) return segmentLog
    throw new Error(this.dropped.has(log) ? `log ${log} was dropped` : `log ${log} was never opened`)
  }

  private mustBeOpen(): void {
    if (this.closed) throw new Error('the node logs are closed')
  }

  private folderOf(log: LogId): string {
    return join(this.folder, toFileName(log))
  }
}
