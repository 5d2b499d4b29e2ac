import type { Offset } from '@chat4all/protocol'
import type { OpenFile } from '../../file-system/port.js'
import { HEADER_BYTES, isIntact, type RecordHeader, readHeader } from './record.js'

const WINDOW_BYTES = 512 * 1024

/**
 * Reads a segment's records one behind the other. Entries are views of the memory that was read into, which is not
 * used again, so nothing is copied.
 */
export class RecordReader {
  /** Where the next record begins. */
  position: number
  private readonly file: OpenFile
  private readonly seed: number
  private window = Buffer.alloc(0)
  private windowPosition = 0
  private atEndOfFile = false

  constructor(file: OpenFile, seed: number, position: number) {
    this.file = file
    this.seed = seed
    this.position = position
  }

  /**
   * The next record, if one is there, intact, and has the offset expected (any, when undefined). Else undefined, and
   * `position` stays before it.
   */
  async next(expected: Offset | undefined): Promise<{ header: RecordHeader; entry: Buffer } | undefined> {
    await this.load(HEADER_BYTES)
    let at = this.position - this.windowPosition
    const header = readHeader(this.window, at)
    if (header === undefined || (expected !== undefined && header.offset !== expected)) return undefined
    await this.load(HEADER_BYTES + header.length)
    at = this.position - this.windowPosition
    if (!isIntact(this.window, at, header, this.seed)) return undefined
    const start = at + HEADER_BYTES
    this.position += HEADER_BYTES + header.length
    return { header, entry: this.window.subarray(start, start + header.length) }
  }

  /** Sees to it that so many bytes from `position` on are in the window, if the file has them. */
  private async load(bytes: number): Promise<void> {
    const have = this.windowPosition + this.window.length - this.position
    if (have >= bytes || this.atEndOfFile) return
    // A length that is garbage must not make us ask for 4 GB of memory.
    const left = (await this.file.size()) - this.position
    const wanted = Math.min(left, Math.max(bytes, WINDOW_BYTES))
    const window = Buffer.allocUnsafeSlow(Math.max(0, wanted))
    const got = await this.file.read(window, this.position)
    this.window = window.subarray(0, got)
    this.windowPosition = this.position
    this.atEndOfFile = got >= left
  }
}
