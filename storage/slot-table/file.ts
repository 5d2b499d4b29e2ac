import { dirname } from 'node:path'
import type { Slot } from '@chat4all/protocol'
import { nodeFileSystem } from '../file-system/node.js'
import type { FileSystem } from '../file-system/port.js'
import { readSmallFile, replaceFile } from '../file-system/small-file.js'
import type { SlotMove, SlotRow, SlotTable } from './port.js'

export interface SlotFileOptions {
  /** The file; only this process uses it (openDataFolder). */
  readonly path: string
  readonly fileSystem?: FileSystem
}

/**
 * Opens the slot table of one process: all rows in memory and in one small file, which is replaced as a whole.
 * Shard-nodes that share the process share the table.
 * @throws DamagedFileError
 */
export async function openSlotFile(options: SlotFileOptions): Promise<SlotTable> {
  const fileSystem = options.fileSystem ?? nodeFileSystem
  await fileSystem.makeFolder(dirname(options.path))
  const text = await readSmallFile(fileSystem, options.path)
  const rows = text === undefined ? [] : (JSON.parse(text) as SlotRow[])
  return new SlotFile(fileSystem, options.path, rows)
}

class SlotFile implements SlotTable {
  private readonly fileSystem: FileSystem
  private readonly path: string
  /** What is on stable storage: a row that a reader saw is never taken back. */
  private rows: ReadonlyMap<Slot, SlotRow>
  private last: Promise<unknown> = Promise.resolve()
  private closed = false

  constructor(fileSystem: FileSystem, path: string, rows: readonly SlotRow[]) {
    this.fileSystem = fileSystem
    this.path = path
    this.rows = new Map(rows.map((row) => [row.slot, row]))
  }

  async read(): Promise<SlotRow[]> {
    this.mustBeOpen()
    return [...this.rows.values()]
  }

  claim(moves: readonly SlotMove[]): Promise<boolean[]> {
    // One after the other: each compares with what the one before it left.
    const claimed = this.last.then(() => this.claimNow(moves))
    this.last = claimed.catch(() => {})
    return claimed
  }

  private async claimNow(moves: readonly SlotMove[]): Promise<boolean[]> {
    this.mustBeOpen()
    const rows = new Map(this.rows)
    const made = moves.map(({ slot, from, to }) => {
      const row = rows.get(slot)
      if (row?.epoch !== from?.epoch || row?.log !== from?.log) return false
      rows.set(slot, { slot, epoch: to.epoch, log: to.log, node: to.node })
      return true
    })
    if (made.includes(true)) {
      await replaceFile(this.fileSystem, this.path, JSON.stringify([...rows.values()]))
      this.rows = rows
    }
    return made
  }

  async close(): Promise<void> {
    await this.last
    this.closed = true
  }

  private mustBeOpen(): void {
    if (this.closed) throw new Error('the slot table is closed')
  }
}
