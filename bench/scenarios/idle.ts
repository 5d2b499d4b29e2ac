import { pause } from '../load/conversation-load.js'
import { type Closable, type Dialect, openMany, type Target } from '../load/dialect.js'
import { residentKilobytes } from '../servers/process-usage.js'
import type { IdleSettings } from './settings.js'

/**
 * What an idle connection costs in memory of the server. A garbage collector gives memory back late, so each reading
 * waits until it has settled; and the first connections pay for what the rest share (code, pools), so besides the
 * plain difference there is the slope between half and all of the connections.
 */

const SETTLE_POLL_MS = 500
const SETTLED_POLLS = 6
const SETTLE_MS_MAX = 20_000
/** Readings within this count as equal. */
const SETTLED_KB = 512

export interface IdleResult {
  readonly connections: number
  readonly residentKbBefore: number
  readonly residentKbHalf: number
  readonly residentKbAll: number
  readonly kbPerConnection: number
  readonly kbPerConnectionSlope: number
  readonly lost: number
  readonly connectMs: number
}

export async function runIdle(dialect: Dialect, target: Target, settings: IdleSettings): Promise<IdleResult> {
  let closing = false
  let lost = 0
  const closed = (): void => {
    if (!closing) lost++
  }
  const open: Closable[] = []
  const openRange = async (from: number, to: number): Promise<void> => {
    open.push(...(await openMany(to - from, (i) => dialect.openIdle(from + i, settings.joined, closed))))
  }
  await dialect.prepareIdle?.(settings.connections)
  const before = await settledKilobytes(target.pid)
  const startedAt = performance.now()
  const half = Math.floor(settings.connections / 2)
  await openRange(0, half)
  const halfMs = performance.now() - startedAt
  const residentHalf = await settledKilobytes(target.pid)
  const continuedAt = performance.now()
  await openRange(half, settings.connections)
  const connectMs = halfMs + performance.now() - continuedAt
  const residentAll = await settledKilobytes(target.pid)
  closing = true
  for (const connection of open) connection.close()
  return {
    connections: settings.connections,
    residentKbBefore: before,
    residentKbHalf: residentHalf,
    residentKbAll: residentAll,
    kbPerConnection: (residentAll - before) / settings.connections,
    kbPerConnectionSlope: (residentAll - residentHalf) / (settings.connections - half),
    lost,
    connectMs,
  }
}

/** Waits until the memory has not moved for three seconds, or for twenty. */
async function settledKilobytes(pid: number): Promise<number> {
  const deadline = performance.now() + SETTLE_MS_MAX
  let last = residentKilobytes(pid)
  let equal = 0
  while (equal < SETTLED_POLLS && performance.now() < deadline) {
    await pause(SETTLE_POLL_MS)
    const now = residentKilobytes(pid)
    equal = Math.abs(now - last) <= SETTLED_KB ? equal + 1 : 0
    last = now
  }
  return last
}
