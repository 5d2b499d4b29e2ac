import { type LoopTimes, type MeasuredWindow, measureWindow, type ServerProcesses } from './closed-loop.js'
import type { ConversationLoad } from './conversation-load.js'

/**
 * Open loop: messages are due at a fixed rate, whatever the server does, round robin over the senders. Latency counts
 * from when a message was due, not from when it was sent: a stall of the server, or of this generator, makes every
 * message behind it late, as it does for users (no coordinated omission).
 */

/** Runs of sends for one call of {@link setImmediate}; keeps reading between them when far behind. */
const BURST_MAX = 64

export async function runOpenLoop(
  load: ConversationLoad,
  messagesPerSecond: number,
  times: LoopTimes,
  server: ServerProcesses,
): Promise<MeasuredWindow> {
  const stop = startOpenLoop(load, messagesPerSecond)
  await new Promise((resolve) => setTimeout(resolve, times.warmupMs))
  const window = await measureWindow(load, times.measureMs, server)
  stop()
  return window
}

/** Sends at this rate until the function returned is called. */
export function startOpenLoop(load: ConversationLoad, messagesPerSecond: number): () => void {
  const startedAt = performance.now()
  const everyMs = 1000 / messagesPerSecond
  let index = 0
  let running = true
  // Timers of Node are good to a millisecond, half of what is to be measured: spin instead, reading in between.
  const spin = (): void => {
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
    setImmediate(spin)
  }
  spin()
  return () => {
    running = false
  }
}
