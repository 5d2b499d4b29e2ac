import type { Seq } from '@chat4all/protocol'
import type { Portion } from './encoded-frames.js'

/**
 * The newest fan-outs of a conversation, kept only while some session catches up: they close the gap between the last
 * page that was read and what is live, however busy the conversation is. Bounded; what falls out is read at the owner.
 */
export class RecentFanouts {
  private portions: Portion[] = []
  private bytes = 0
  private readonly countMax: number
  private readonly bytesMax: number

  constructor(countMax: number, bytesMax: number) {
    this.countMax = countMax
    this.bytesMax = bytesMax
  }

  push(portion: Portion): void {
    this.portions.push(portion)
    this.bytes += portion.frame.length
    while (this.portions.length > this.countMax || this.bytes > this.bytesMax) {
      this.bytes -= this.portions.shift()!.frame.length
    }
  }

  /** The one that goes on from `cursor`, if it is here. */
  from(cursor: Seq): Portion | undefined {
    const { portions } = this
    for (let i = portions.length - 1; i >= 0; i--) {
      const portion = portions[i]!
      if (portion.upto <= cursor) return undefined
      if (portion.after <= cursor) return portion
    }
    return undefined
  }
}
