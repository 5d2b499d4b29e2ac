import type { RateLimit, RateLimits, Taken } from './port.js'

/** Some megabytes. Past it the windows that began first are forgotten: that forgives somebody a few requests. */
const WINDOWS_MAX = 100_000

export interface InProcessOptions {
  /** A clock that only goes forward, in milliseconds. */
  readonly now?: () => number
  /** Counters that are kept, of all limits and keys together. */
  readonly windowsMax?: number
}

interface Window {
  taken: number
  readonly endsAt: number
}

/**
 * Counts in this process: the whole truth where there is one edge, and each edge's own where there are several. No timers:
 * a window that has ended makes way when its key comes again, or when room is needed.
 */
export function inProcessRateLimits(options: InProcessOptions = {}): RateLimits & { readonly windows: number } {
  const { now = () => performance.now(), windowsMax = WINDOWS_MAX } = options
  /** In the order in which they began. */
  const windows = new Map<string, Window>()

  function begin(name: string, endsAt: number): Window {
    windows.delete(name)
    if (windows.size >= windowsMax) windows.delete(windows.keys().next().value!)
    const window = { taken: 0, endsAt }
    windows.set(name, window)
    return window
  }

  return {
    async take(limit, key, points = 1): Promise<Taken> {
      const time = now()
      const name = `${keyOf(limit)} ${key}`
      const known = windows.get(name)
      const window = known !== undefined && time < known.endsAt ? known : begin(name, time + limit.seconds * 1000)
      const allowed = window.taken + points <= limit.points
      if (allowed) window.taken += points
      return { allowed, remaining: limit.points - window.taken, resetMs: Math.max(1, Math.ceil(window.endsAt - time)) }
    },
    async close() {
      windows.clear()
    },
    get windows() {
      return windows.size
    },
  }
}

/** One counter per limit, also when the same name comes with other numbers. */
export function keyOf({ name, points, seconds }: RateLimit): string {
  return `${name}:${points}/${seconds}`
}
