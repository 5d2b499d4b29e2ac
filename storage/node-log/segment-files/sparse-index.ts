import type { Offset } from '@chat4all/protocol'

const STEP_BYTES = 64 * 1024

/** Where some records of a segment begin, about one per 64 KB: enough to begin reading near any of them. */
export class SparseIndex {
  private readonly offsets: Offset[] = []
  private readonly positions: number[] = []

  /** Called for records in order. */
  add(offset: Offset, position: number): void {
    const last = this.positions.at(-1)
    if (last !== undefined && position - last < STEP_BYTES) return
    this.offsets.push(offset)
    this.positions.push(position)
  }

  /** The last known record at or before `offset`. The segment has begun at or before it. */
  before(offset: Offset): { readonly offset: Offset; readonly position: number } {
    let low = 0
    let high = this.offsets.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (this.offsets[middle]! <= offset) low = middle
      else high = middle
    }
    return { offset: this.offsets[low]!, position: this.positions[low]! }
  }
}
