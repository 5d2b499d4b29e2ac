import { mock } from 'node:test'
import type { Clock } from '../clock.js'

interface Alarm {
  readonly at: number
  readonly ring: () => void
}

/**
 * A clock that goes only when it is told to. The Date of the process goes with it, because the breaker's library reads
 * that; timers stay real, because HTTP needs them.
 */
export class ManualClock implements Clock {
  private readonly alarms = new Set<Alarm>()

  constructor(now: number) {
    mock.timers.enable({ apis: ['Date'], now })
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

  /** Lets time pass in steps until the condition holds; between steps everything real has a moment. */
  async advanceUntil(holds: () => boolean | Promise<boolean>, stepMs: number, what: string): Promise<void> {
    const startedMs = performance.now()
    while (!(await holds())) {
      if (performance.now() - startedMs > 20_000) throw new Error(`in vain: ${what}`)
      this.advance(stepMs)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  restore(): void {
    mock.timers.reset()
  }
}
