import type { LogId, Offset } from '@chat4all/protocol'

/** The newest entries of the own log, so that what is published at once is not read back from storage. */
export class LogWindow {
  private readonly bytesMax: number
  private readonly entries = new Map<Offset, Uint8Array>()
  private log = '' as LogId
  private bytes = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  start(log: LogId): void {
    this.log = log
    this.entries.clear()
    this.bytes = 0
  }

  /** An entry may come again: the outcome of its first append was unknown. */
  add(log: LogId, offset: Offset, entry: Uint8Array): void {
    if (log !== this.log || this.entries.has(offset)) return
    this.entries.set(offset, entry)
    this.bytes += entry.length
    // Map keeps the order of insertion, which is that of the offsets.
    for (const [oldest, { length }] of this.entries) {
      if (this.bytes <= this.bytesMax) return
      this.entries.delete(oldest)
      this.bytes -= length
    }
  }

  /** Entries from `from` on, up to `limit` and up to some bytes; none when the first is not here. */
  read(log: LogId, from: Offset, limit: number, bytesMax: number): Uint8Array[] {
    const found: Uint8Array[] = []
    if (log !== this.log) return found
    let bytes = 0
    while (found.length < limit && bytes < bytesMax) {
      const entry = this.entries.get((from + found.length) as Offset)
      if (entry === undefined) break
      found.push(entry)
      bytes += entry.length
    }
    return found
  }
}
