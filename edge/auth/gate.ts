import { Chat4AllError } from '@chat4all/protocol'

/**
 * Lets a few run at a time, a bounded number wait, and turns away the rest. scrypt runs on the threads that also sync
 * the node log: without a gate, a flood of wrong secrets would slow down every commit.
 */
export class Gate {
  private readonly atOnceMax: number
  private readonly waitingMax: number
  private running = 0
  private readonly waiting: (() => void)[] = []

  constructor(atOnceMax: number, waitingMax: number) {
    this.atOnceMax = atOnceMax
    this.waitingMax = waitingMax
  }

  /** @throws Chat4AllError RATE_LIMITED when too many wait. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.atOnceMax) this.running++
    else if (this.waiting.length >= this.waitingMax) {
      throw new Chat4AllError('RATE_LIMITED', 'Too many token requests at once.', 1000)
    } else {
      // Whoever leaves hands its place over, so `running` stays as it is.
      await new Promise<void>((enter) => this.waiting.push(enter))
    }
    try {
      return await work()
    } finally {
      const next = this.waiting.shift()
      if (next === undefined) this.running--
      else next()
    }
  }
}
