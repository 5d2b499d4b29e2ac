const LOOK_MS = 10
/** Shorter ones are what a process does to itself. */
const STALL_MS_MIN = 5

/**
 * How long this process was kept from the processor: on a machine with too much to do, that is what everything else takes
 * longer for. A bound on time that is meant for a free machine is raised by it.
 */
export class Stalls {
  private stalledMs = 0
  private lookedAt = performance.now()
  private readonly timer = setInterval(() => this.look(), LOOK_MS)

  /** A bound for what took place since this was made: several processes in a row may have been kept waiting as long. */
  boundMs(freeMs: number): number {
    this.look()
    return freeMs + 5 * this.stalledMs
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private look(): void {
    const now = performance.now()
    const lateMs = now - this.lookedAt - LOOK_MS
    if (lateMs > STALL_MS_MIN) this.stalledMs += lateMs
    this.lookedAt = now
  }
}
