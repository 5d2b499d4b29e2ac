import type { Offset } from '@chat4all/protocol'

export interface Waiting {
  readonly offset: Offset
  readonly entry: Uint8Array
}

/** Bounds of one write. The system takes at most 1024 buffers at once, and a record is two. */
const GROUP_ENTRIES_MAX = 512
const GROUP_BYTES_MAX = 1024 * 1024
/** How far ahead of the next offset an entry may come. Callers have a handful in flight. */
const AHEAD_MAX = 1024

/**
 * The order of appends. Entries are written in the order of their offsets, one write at a time; what arrives while a
 * write is under way shares the next one. An entry that comes before its predecessor waits for it, so that nothing is
 * acknowledged above a hole.
 *
 * After a failed write it accepts nothing more, ever: what the page cache holds then may differ from the disk, so a
 * second sync that succeeds would prove nothing.
 */
export class GroupCommit {
  /** Entries below are on stable storage. */
  durable: Offset
  private readonly write: (group: readonly Waiting[], synced: Offset) => Promise<void>
  private readonly waiting = new Map<Offset, Append>()
  private running: Promise<void> | undefined
  private refusal: Error | undefined

  constructor(next: Offset, write: (group: readonly Waiting[], synced: Offset) => Promise<void>) {
    this.durable = next
    this.write = write
  }

  /** For offsets that are not durable yet. Resolves when the entry is. */
  append(offset: Offset, entry: Uint8Array): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal)
    const same = this.waiting.get(offset)
    if (same !== undefined) {
      return Buffer.compare(same.entry, entry) === 0 ? same.promise : Promise.reject(otherBytes(offset))
    }
    if (offset > this.durable + AHEAD_MAX) {
      return Promise.reject(new RangeError(`entry ${offset} came, and the next one is ${this.durable}`))
    }
    const append = new Append(offset, entry)
    this.waiting.set(offset, append)
    this.running ??= this.run()
    return append.promise
  }

  /** Refuses what waits and all that will come. Entries of a write under way keep its outcome. */
  refuse(reason: Error): void {
    this.refusal ??= reason
    if (this.running === undefined) this.rejectWaiting(this.refusal)
  }

  /** Resolves when no write is under way. */
  async idle(): Promise<void> {
    await this.running
  }

  private async run(): Promise<void> {
    // What the caller appends in the same turn goes into the first write.
    await undefined
    for (let group = this.nextGroup(); group.length > 0; group = this.nextGroup()) {
      try {
        await this.write(group, this.durable)
      } catch (error) {
        this.refuse(error as Error)
        break
      }
      this.durable = (this.durable + group.length) as Offset
      for (const append of group) {
        this.waiting.delete(append.offset)
        append.resolve()
      }
    }
    this.running = undefined
    if (this.refusal !== undefined) this.rejectWaiting(this.refusal)
  }

  private rejectWaiting(reason: Error): void {
    for (const append of this.waiting.values()) append.reject(reason)
    this.waiting.clear()
  }

  private nextGroup(): Append[] {
    const group: Append[] = []
    if (this.refusal !== undefined) return group
    let bytes = 0
    for (let offset = this.durable; group.length < GROUP_ENTRIES_MAX; offset++) {
      const append = this.waiting.get(offset)
      if (append === undefined) break
      bytes += append.entry.length
      if (group.length > 0 && bytes > GROUP_BYTES_MAX) break
      group.push(append)
    }
    return group
  }
}

export function otherBytes(offset: Offset): Error {
  return new Error(`entry ${offset} has been written with other bytes: an offset is written once`)
}

class Append implements Waiting {
  readonly offset: Offset
  readonly entry: Uint8Array
  readonly promise: Promise<void>
  resolve!: () => void
  reject!: (reason: Error) => void

  constructor(offset: Offset, entry: Uint8Array) {
    this.offset = offset
    this.entry = entry
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }
}
