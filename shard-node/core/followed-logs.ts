import type { LogId, Offset } from '@chat4all/protocol'

/**
 * What this node's log says of the logs that its slots came from (log record `follows`). It is said before the slots
 * are claimed: a node that died between the two would leave nobody who knows what has to be published first.
 */
export class FollowedLogs {
  private readonly logs = new Map<LogId, { asked: Offset; noted: Offset }>()
  /** Notes that the next entry takes. */
  private waiting = new Map<LogId, Offset>()
  private hasNews = false

  clear(): void {
    this.logs.clear()
    this.waiting = new Map()
  }

  /** Whether it is committed that this log follows the other up to `end`; if not, it will be noted. */
  note(log: LogId, end: Offset): boolean {
    const known = this.logs.get(log) ?? { asked: -1 as Offset, noted: -1 as Offset }
    this.logs.set(log, known)
    if (known.noted >= end) return true
    if (known.asked < end) {
      known.asked = end
      this.waiting.set(log, end)
    }
    return false
  }

  /** Whether the next entry has something to say. */
  get pending(): boolean {
    return this.waiting.size > 0
  }

  take(): ReadonlyMap<LogId, Offset> {
    const taken = this.waiting
    this.waiting = new Map()
    return taken
  }

  /** These notes are committed. */
  noted(notes: ReadonlyMap<LogId, Offset>): void {
    for (const [log, end] of notes) {
      const known = this.logs.get(log)
      if (known === undefined || known.noted >= end) continue
      known.noted = end
      this.hasNews = true
    }
  }

  /** Whether anything was noted since the last call. */
  progressed(): boolean {
    const { hasNews } = this
    this.hasNews = false
    return hasNews
  }
}
