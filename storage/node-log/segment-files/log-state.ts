import { join } from 'node:path'
import type { Offset } from '@chat4all/protocol'
import type { FileSystem } from '../../file-system/port.js'
import { readSmallFile, replaceFile } from '../../file-system/small-file.js'
import type { LogCursors } from '../port.js'

/** What is known of a log beside its entries: one small file, replaced as a whole. A log exists when it has one. */
export interface LogState extends LogCursors {
  readonly sealed: boolean
  /** The end that was decided. */
  readonly end?: Offset
  /** Nothing is left but this file: `end` is remembered for ever. */
  readonly dropped?: true
  /** At the last orderly close, every entry below was on stable storage. */
  readonly closedAt?: Offset
}

export const NEW_LOG: LogState = { sealed: false, materialised: 0 as Offset, published: 0 as Offset }

/** Entries below were durable once, whatever their records look like now. */
export function durableBelow(state: LogState): Offset {
  return Math.max(state.materialised, state.published, state.end ?? 0, state.closedAt ?? 0) as Offset
}

/** The durable state of one log. Changes that come while a write is under way share the next one. */
export class LogStateFile {
  /** What is on stable storage. */
  current: LogState
  private wanted: LogState
  private readonly fileSystem: FileSystem
  private readonly path: string
  private queued: Promise<void> | undefined
  private last: Promise<void> = Promise.resolve()

  private constructor(fileSystem: FileSystem, path: string, state: LogState) {
    this.fileSystem = fileSystem
    this.path = path
    this.current = state
    this.wanted = state
  }

  static async create(fileSystem: FileSystem, folder: string): Promise<LogStateFile> {
    const path = statePath(folder)
    await replaceFile(fileSystem, path, JSON.stringify(NEW_LOG))
    return new LogStateFile(fileSystem, path, NEW_LOG)
  }

  /** Undefined when there is none: the log was never opened. */
  static async read(fileSystem: FileSystem, folder: string): Promise<LogStateFile | undefined> {
    const path = statePath(folder)
    const text = await readSmallFile(fileSystem, path)
    return text === undefined ? undefined : new LogStateFile(fileSystem, path, JSON.parse(text) as LogState)
  }

  /**
   * Changes the state; resolves when that is durable, with the state as `change` left it. A change that returns what it
   * was given costs nothing, but waits for what is not durable yet. Rejects with an unknown outcome.
   */
  async update(change: (state: LogState) => LogState): Promise<LogState> {
    const changed = change(this.wanted)
    this.wanted = changed
    if (changed !== this.current) await this.write()
    return changed
  }

  private write(): Promise<void> {
    // A write under way may have begun before the change: it needs another one, which takes all that wait with it.
    if (this.queued === undefined) {
      this.queued = this.last.then(() => {
        this.queued = undefined
        return this.writeWanted()
      })
      this.last = this.queued.catch(() => {})
    }
    return this.queued
  }

  private async writeWanted(): Promise<void> {
    const state = this.wanted
    await replaceFile(this.fileSystem, this.path, JSON.stringify(state))
    this.current = state
  }
}

function statePath(folder: string): string {
  return join(folder, 'state')
}
