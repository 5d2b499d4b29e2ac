import { afterErasure, type Erasure, type HistoryPage, type Message } from '@chat4all/sdk'

/**
 * The messages of one conversation that the page has: a stretch without gaps that ends at the newest and grows at both
 * ends. Pages and live messages may overlap; each seq stands here once.
 */
export class Timeline {
  private readonly bySeq = new Map<number, Message>()
  private sorted: readonly Message[] | undefined
  /** Everything in (after, upto] that still exists is here; undefined before the first page. */
  private range: { after: number; upto: number } | undefined
  private firstSeq = 1

  /** Oldest first. */
  get messages(): readonly Message[] {
    this.sorted ??= [...this.bySeq.values()].sort((a, b) => a.seq - b.seq)
    return this.sorted
  }

  /** Whether older messages may exist that are not here. */
  get hasOlder(): boolean {
    return this.range !== undefined && this.range.after >= this.firstSeq
  }

  /** The seq below which to ask for older messages. */
  get before(): number | undefined {
    return this.range === undefined ? undefined : this.range.after + 1
  }

  addPage(page: HistoryPage): void {
    for (const message of page.messages) this.bySeq.set(message.seq, message)
    this.firstSeq = page.first
    this.range ??= { after: page.after, upto: page.upto }
    if (page.after < this.range.after && page.upto >= this.range.after) this.range.after = page.after
    if (page.upto > this.range.upto && page.after <= this.range.upto) this.range.upto = page.upto
    this.sorted = undefined
  }

  /** A live message: the SDK tells each once and in order. */
  addLive(message: Message): void {
    this.bySeq.set(message.seq, message)
    if (this.range !== undefined && message.seq > this.range.upto) this.range.upto = message.seq
    this.sorted = undefined
  }

  /** What was said is erased: the messages stay at their places, and say nothing. */
  erase(erasure: Erasure): void {
    for (const [seq, message] of this.bySeq) this.bySeq.set(seq, afterErasure(message, erasure))
    this.sorted = undefined
  }

  /** What is older than `first` does not exist any more: it expired, or was erased. */
  dropBefore(first: number): void {
    for (const seq of this.bySeq.keys()) if (seq < first) this.bySeq.delete(seq)
    this.firstSeq = Math.max(this.firstSeq, first)
    this.sorted = undefined
  }
}
