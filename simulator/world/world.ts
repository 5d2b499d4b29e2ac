import { EventQueue } from './event-queue.js'
import { Random } from './random.js'

/** Virtual time and chance: everything that a run does not decide by itself. */
export class World {
  readonly random: Random
  private readonly queue = new EventQueue()
  private time = 0
  private done = 0

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  /** Virtual milliseconds since the run began. */
  get now(): number {
    return this.time
  }

  /** Events that have happened. */
  get events(): number {
    return this.done
  }

  after(delayMs: number, run: () => void): void {
    this.queue.push(this.time + delayMs, run)
  }

  /** Lets everything happen that is due up to `until`. */
  runUntil(until: number): void {
    while (this.queue.nextAt <= until) this.step()
    this.time = Math.max(this.time, until)
  }

  /** Lets events happen until there is none, or `enough` says so. */
  runUntilIdle(enough: () => boolean = () => false): void {
    while (this.queue.size > 0 && !enough()) this.step()
  }

  private step(): void {
    const event = this.queue.pop()
    this.time = event.at
    this.done++
    event.run()
  }
}
