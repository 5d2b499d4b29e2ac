import type { Millis } from '@chat4all/protocol'
import type { World } from './world.js'

/** The moment at which every run begins: 2026-01-01. */
const BEGIN = 1_767_225_600_000

/**
 * A process on a machine with a clock of its own. What reaches it while it is stopped (SIGSTOP, a long garbage
 * collection, a suspended machine) waits and happens all at once when it goes on; what reaches it when it is dead,
 * or reaches its successor, is lost.
 */
export class Process {
  readonly name: string
  private readonly world: World
  private state: 'up' | 'paused' | 'down' = 'down'
  private life = 0
  private backlog: { readonly life: number; readonly run: () => void }[] = []
  private clockWrongByMs = 0

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
  }

  get isUp(): boolean {
    return this.state !== 'down'
  }

  get isPaused(): boolean {
    return this.state === 'paused'
  }

  /** How often it was started. */
  get lives(): number {
    return this.life
  }

  /** What its clock shows. */
  get clock(): Millis {
    return Math.max(1, Math.floor(BEGIN + this.world.now + this.clockWrongByMs)) as Millis
  }

  /** What a clock shows that nobody sets. */
  get steadyClock(): Millis {
    return Math.floor(BEGIN + this.world.now) as Millis
  }

  setClockWrongBy(ms: number): void {
    this.clockWrongByMs = ms
  }

  start(): void {
    this.life++
    this.state = 'up'
    this.backlog = []
  }

  crash(): void {
    this.state = 'down'
    this.life++
    this.backlog = []
  }

  pause(): void {
    if (this.state === 'up') this.state = 'paused'
  }

  resume(): void {
    if (this.state !== 'paused') return
    this.state = 'up'
    const { backlog } = this
    this.backlog = []
    for (const { life, run } of backlog) this.reach(life, run)
  }

  /** Something happens to the process now. */
  deliver(run: () => void): void {
    this.reach(this.life, run)
  }

  /** Wraps an outcome that is told later: it finds this life of the process, or nobody. */
  answer<Arguments extends unknown[]>(run: (...values: Arguments) => void): (...values: Arguments) => void {
    const { life } = this
    return (...values) => this.reach(life, () => run(...values))
  }

  /** A timer of the process. */
  after(delayMs: number, run: () => void): void {
    const { life } = this
    this.world.after(delayMs, () => this.reach(life, run))
  }

  private reach(life: number, run: () => void): void {
    if (life !== this.life || this.state === 'down') return
    if (this.state === 'paused') this.backlog.push({ life, run })
    else run()
  }
}
