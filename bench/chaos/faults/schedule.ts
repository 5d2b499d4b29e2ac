import type { Random } from '../random.js'
import { FAULTS } from './catalogue.js'

/** Which fault begins when and lasts how long: decided before the run, by the seed alone. */

export interface Planned {
  /** Milliseconds since the faults began. */
  readonly atMs: number
  readonly lastsMs: number
  readonly fault: string
  /** Chooses whom it strikes. */
  readonly dice: number
}

export interface ScheduleSettings {
  readonly faults: readonly string[]
  readonly durationMs: number
}

const GAP_MS_MIN = 1_500
const GAP_MS_MAX = 6_000
/** Share of faults that begin while the one before still lasts. */
const OVERLAPPING = 0.25
/** No fault lasts longer than this part of the run, so that a short run has several. */
const PART_MAX = 0.2

const LASTS_MS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  kill: [200, 8_000],
  'kill-all': [200, 8_000],
  pause: [2_000, 60_000],
  restart: [0, 0],
  'restart-in-turn': [0, 0],
  disturb: [1_000, 20_000],
  isolate: [2_000, 20_000],
}

export function schedule({ faults, durationMs }: ScheduleSettings, random: Random): Planned[] {
  const planned: Planned[] = []
  let bag: string[] = []
  let atMs = 0
  while (faults.length > 0) {
    // Every fault comes once before any comes twice.
    if (bag.length === 0) bag = [...faults]
    const fault = bag.splice(random.below(bag.length), 1)[0]!
    const [min, max] = LASTS_MS[FAULTS.get(fault)!.type]!
    const longest = Math.max(min, Math.min(max, durationMs * PART_MAX))
    // Short ones are more frequent than long ones: each time span is as likely as one twice as long.
    const lastsMs = max === 0 ? 0 : Math.round(Math.max(1, min) * (longest / Math.max(1, min)) ** random.next())
    if (atMs + lastsMs > durationMs) break
    planned.push({ atMs: Math.round(atMs), lastsMs, fault, dice: random.next() })
    atMs += random.chance(OVERLAPPING) ? lastsMs * random.next() : lastsMs + random.between(GAP_MS_MIN, GAP_MS_MAX)
  }
  return planned
}
