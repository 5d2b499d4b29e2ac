import type { Cseq } from '@chat4all/protocol'

/**
 * Keeps what a session sends in the order of its numbers, also across BUSY: after a busy answer to k, everything behind
 * k that was on its way already is dropped until k comes again. Without this, a send refused for a moment would end up
 * behind the ones that followed it.
 */
export class CseqGate {
  private next = 1
  private refused = false

  /** `take`: it is the next one, and counts as used; `drop`: it follows one that was refused; else the client errs. */
  admit(cseq: Cseq): 'take' | 'drop' | 'mismatch' {
    if (cseq === this.next) {
      this.next++
      this.refused = false
      return 'take'
    }
    return this.refused && cseq > this.next ? 'drop' : 'mismatch'
  }

  /** The frame just taken was answered `busy`: it has to come again. */
  refuse(): void {
    this.next--
    this.refused = true
  }

  get expected(): number {
    return this.next
  }
}
