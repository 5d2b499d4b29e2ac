import { type LoopTimes, type MeasuredWindow, measureWindow, type ServerProcesses } from './closed-loop.js'
import type { ConversationLoad } from './conversation-load.js'

/**
 * Open loop: messages are due at a fixed rate, whatever the server does, round robin over the senders. Latency counts
 * from when a message was due, not from when it was sent: a stall of the server, or of this generator, makes every
 * message behind it late, as it does for users (no coordinated omission).
 */

/**
 * How the next message is waited for. `spin`: to the microsecond, on a processor of its own. `timer`: to the
 * millisecond; for a generator that shares its processors with what it measures, and would take their time from them.
 */
export type Pacing = 'spin' | 'timer'

/** Runs of sends for one call of {@link setImmediate}; keeps reading between them when far behind. */
const BURST_MAX = 64

export async function runOpenLoop(
  load: ConversationLoad,
  messagesPerSecond: number,
  times: LoopTimes,
  server: ServerProcesses,
  pacing: Pacing,
): Promise<MeasuredWindow> {
  const stop = startOpenLoop(load, messagesPerSecond, pacing)
  await new Promise((resolve) => setTimeout(resolve, times.warmupMs))
  const window = await measureWindow(load, times.measureMs, server)
  stop()
  return window
}

/** Sends at this rate until the function returned is called. */
export function startOpenLoop(load: ConversationLoad, messagesPerSecond: number, pacing: Pacing): () => void {
  const startedAt = performance.now()
  const everyMs = 1000 / messagesPerSecond
  let index = 0
  let running = true
  const send = (): void => {
    if (!running) return
    const now = performance.now()
    for (let burst = 0; burst < BURST_MAX; burst++) {
      const dueAt = startedAt + index * everyMs
      if (dueAt > now) break
      const lane = load.lanes[index % load.lanes.length]!
      lane.queueNext(dueAt)
      lane.flush()
      index++
    }
    if (pacing === 'spin') setImmediate(send)
    else setTimeout(send, 1)
  }
  send()
  return () => {
    running = false
  }
}
