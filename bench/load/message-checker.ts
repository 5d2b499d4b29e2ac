/**
 * What must hold for the messages of one sender in one conversation: every message acknowledged once, at the next seq;
 * everything acknowledged delivered to every reader once, in order, with its own content. Message k (1, 2, 3 …) of a
 * conversation whose head was `base` has seq base + k.
 */

/** Answers of servers whose acknowledgement does not tell the seq. */
export const SEQ_UNTOLD = -1

export const FAULTS = [
  'acknowledged twice',
  'acknowledged, never sent',
  'acknowledged with another seq',
  'acknowledged with another message_id',
  'delivered twice',
  'gap before delivery',
  'delivered with other content',
  'never acknowledged',
  'acknowledged, never delivered',
  'refused',
  'connection lost',
] as const
export type Fault = (typeof FAULTS)[number]

/** All faults of a run: how many of each kind, and where the first ones were. */
export class FaultLog {
  private readonly counts = new Map<Fault, number>()
  readonly samples: string[] = []

  add(fault: Fault, where: string, count = 1): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + count)
    if (this.samples.length < 10) this.samples.push(`${fault}: ${where}`)
  }

  get total(): number {
    let sum = 0
    for (const count of this.counts.values()) sum += count
    return sum
  }

  summary(): Partial<Record<Fault, number>> {
    return Object.fromEntries(this.counts)
  }
}

export class AcknowledgementChecker {
  private readonly name: string
  private readonly faults: FaultLog
  /** Seq of the last message before the sender's first. */
  base = 0
  /** The k that is acknowledged next when acknowledgements come in order. */
  private next = 1
  /** Acknowledged ahead of {@link next}. */
  private readonly ahead = new Set<number>()
  sentCount = 0
  acknowledgedCount = 0

  constructor(name: string, faults: FaultLog) {
    this.name = name
    this.faults = faults
  }

  /** Takes the number k of the message that is sent next. */
  send(): number {
    return ++this.sentCount
  }

  /** Returns whether this is the first acknowledgement of message k. */
  acknowledged(k: number, seq: number, messageIdMatches: boolean): boolean {
    if (k < 1 || k > this.sentCount) {
      this.faults.add('acknowledged, never sent', `${this.name} message ${k}`)
      return false
    }
    if (k === this.next) {
      this.next++
      while (this.ahead.size > 0 && this.ahead.delete(this.next)) this.next++
    } else if (k < this.next || this.ahead.has(k)) {
      this.faults.add('acknowledged twice', `${this.name} message ${k}`)
      return false
    } else {
      this.ahead.add(k)
    }
    this.acknowledgedCount++
    if (seq !== SEQ_UNTOLD && seq !== this.base + k)
      this.faults.add('acknowledged with another seq', `${this.name} message ${k} at seq ${seq}`)
    if (!messageIdMatches) this.faults.add('acknowledged with another message_id', `${this.name} message ${k}`)
    return true
  }

  /** Call when nothing more is expected. */
  finish(): void {
    const missing = this.sentCount - this.acknowledgedCount
    if (missing > 0) this.faults.add('never acknowledged', `${this.name} ${missing} messages`, missing)
  }
}

export class DeliveryChecker {
  private readonly name: string
  private readonly faults: FaultLog
  private next: number
  /** How many messages came, each counted once. */
  deliveredCount = 0

  constructor(name: string, faults: FaultLog, base = 0) {
    this.name = name
    this.faults = faults
    this.next = base + 1
  }

  /** Seq of the last message before the first that is expected. */
  begin(base: number): void {
    this.next = base + 1
  }

  /** Returns whether the message is new to this reader. */
  delivered(seq: number, contentMatches: boolean): boolean {
    if (seq < this.next) {
      this.faults.add('delivered twice', `${this.name} seq ${seq}`)
      return false
    }
    if (seq > this.next) this.faults.add('gap before delivery', `${this.name} seq ${this.next} to ${seq - 1}`)
    this.next = seq + 1
    this.deliveredCount++
    if (!contentMatches) this.faults.add('delivered with other content', `${this.name} seq ${seq}`)
    return true
  }

  /** Call when nothing more is expected; `acknowledgedCount` messages must have come. */
  finish(acknowledgedCount: number): void {
    const missing = acknowledgedCount - this.deliveredCount
    if (missing > 0) this.faults.add('acknowledged, never delivered', `${this.name} ${missing} messages`, missing)
  }
}
