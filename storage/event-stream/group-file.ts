import type { LogId, Offset } from '@chat4all/protocol'
import { DamagedFileError } from '../file-system/damaged-file-error.js'
import type { FileSystem } from '../file-system/port.js'
import { readSmallFile, replaceFile } from '../file-system/small-file.js'

/** What is remembered of a group. */
export interface GroupState {
  /** How far it has got in each log. One small number per log for ever, as the log's own state is. */
  readonly cursors: { readonly [log: LogId]: Offset }
  /** When it took events last, milliseconds since 1970. */
  readonly activeAt: number
}

/** The durable states of all groups: one small file, replaced as a whole. Changes that come together share a write. */
export class GroupFile {
  private readonly fileSystem: FileSystem
  private readonly path: string
  private readonly groups: Map<string, GroupState>
  private queued: Promise<void> | undefined
  private last: Promise<void> = Promise.resolve()

  private constructor(fileSystem: FileSystem, path: string, groups: Map<string, GroupState>) {
    this.fileSystem = fileSystem
    this.path = path
    this.groups = groups
  }

  /** @throws DamagedFileError */
  static async open(fileSystem: FileSystem, path: string): Promise<GroupFile> {
    const text = await readSmallFile(fileSystem, path)
    try {
      const groups = text === undefined ? {} : (JSON.parse(text) as Record<string, GroupState>)
      return new GroupFile(fileSystem, path, new Map(Object.entries(groups)))
    } catch (error) {
      throw new DamagedFileError(path, (error as Error).message)
    }
  }

  get names(): string[] {
    return [...this.groups.keys()]
  }

  get(group: string): GroupState | undefined {
    return this.groups.get(group)
  }

  /** Resolves when it is on stable storage. `undefined` forgets the group. */
  set(group: string, state: GroupState | undefined): Promise<void> {
    if (state === undefined) this.groups.delete(group)
    else this.groups.set(group, state)
    // A write under way may have begun before: it needs another one, which takes all that wait with it.
    if (this.queued === undefined) {
      this.queued = this.last.then(() => {
        this.queued = undefined
        return replaceFile(this.fileSystem, this.path, JSON.stringify(Object.fromEntries(this.groups)))
      })
      this.last = this.queued.catch(() => {})
    }
    return this.queued
  }

  /** Resolves when no write is under way. */
  idle(): Promise<void> {
    return this.last
  }
}
