import { mock } from 'node:test'
import type { Clock } from '../clock.js'

interface Alarm {
  readonly at: number
  readonly ring: () => void
}

/** So long may something real take in a test. */
const REAL_MS_MAX = 60_000

/**
 * A clock that goes only when it is told to. The Date of the process goes with it, because the breaker's library reads
 * that; timers stay real, because HTTP needs them.
 */
export class ManualClock implements Clock {
  private readonly alarms = new Set<Alarm>()
  private underWay = 0

  constructor(now: number) {
    mock.timers.enable({ apis: ['Date'], now })
  }

  /** Something real that takes no time by this clock, however slow the machine is: `advanceUntil` waits for it. */
  async timeless<Result>(act: () => Promise<Result>): Promise<Result> {
    this.underWay++
    try {
      return await act()
    } finally {
      this.underWay--
    }
  }

  now(): number {
    return Date.now()
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const ring = (): void => {
        this.alarms.delete(alarm)
        signal?.removeEventListener('abort', ring)
        resolve()
      }
      const alarm = { at: this.now() + ms, ring }
      this.alarms.add(alarm)
      signal?.addEventListener('abort', ring, { once: true })
    })
  }

  advance(ms: number): void {
    mock.timers.setTime(this.now() + ms)
    for (const { at, ring } of [...this.alarms]) if (at <= this.now()) ring()
  }

  /** Lets time pass in steps until the condition holds; between steps everything real comes to its end. */
  async advanceUntil(holds: () => boolean | Promise<boolean>, stepMs: number, what: string): Promise<void> {
    const startedMs = performance.now()
    while (!(await holds())) {
      if (performance.now() - startedMs > REAL_MS_MAX) throw new Error(`in vain: ${what}`)
      if (this.underWay === 0) {
        this.advance(stepMs)
        await new Promise((resolve) => setTimeout(resolve, 2))
      } else await new Promise((resolve) => setImmediate(resolve))
    }
  }

  restore(): void {
    mock.timers.reset()
  }
}
