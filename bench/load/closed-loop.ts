import { cpuMicros, machineBusyMicros } from '../servers/process-usage.js'
import { type ConversationLoad, type Lane, pause } from './conversation-load.js'
import type { LatencySummary } from './latency-histogram.js'

/** Closed loop: every sender keeps so many messages in flight, so the server runs as fast as it can. */

export interface LoopTimes {
  readonly warmupMs: number
  readonly measureMs: number
}

export interface MeasuredWindow {
  readonly ms: number
  readonly acknowledged: number
  readonly delivered: number
  readonly serverCpuMicros: number
  /** CPU time of the generator: when it nears the window's length, the generator is the limit. */
  readonly loadCpuMicros: number
  /** CPU time that went to anything else on the machine: the larger, the less the figures mean. */
  readonly foreignCpuMicros: number
  /** The window on the monotonic clock (process.hrtime), microseconds: to cut a profile of the server to it. */
  readonly fromMicros: number
  readonly toMicros: number
  readonly acknowledgedLatency: LatencySummary
  readonly deliveredLatency: LatencySummary
}

export async function runClosedLoop(
  load: ConversationLoad,
  inFlight: number,
  times: LoopTimes,
  serverPid: number,
): Promise<MeasuredWindow> {
  let running = true
  load.onAcknowledged = (lane: Lane) => {
    if (running) lane.queueNext(performance.now())
  }
  for (const lane of load.lanes) {
    for (let i = 0; i < inFlight; i++) lane.queueNext(performance.now())
    lane.flush()
  }
  await pause(times.warmupMs)
  const window = await measureWindow(load, times.measureMs, serverPid)
  running = false
  return window
}

/** Counts and measures while a loop runs. */
export async function measureWindow(
  load: ConversationLoad,
  measureMs: number,
  serverPid: number,
): Promise<MeasuredWindow> {
  const before = snapshot(load, serverPid)
  load.startRecording()
  await pause(measureMs)
  const latencies = load.stopRecording()
  const after = snapshot(load, serverPid)
  const serverCpuMicros = after.serverCpu - before.serverCpu
  const loadCpuMicros = after.loadCpu - before.loadCpu
  return {
    ms: after.at - before.at,
    acknowledged: after.acknowledged - before.acknowledged,
    delivered: after.delivered - before.delivered,
    serverCpuMicros,
    loadCpuMicros,
    foreignCpuMicros: Math.max(0, after.machineBusy - before.machineBusy - serverCpuMicros - loadCpuMicros),
    fromMicros: before.monotonicMicros,
    toMicros: after.monotonicMicros,
    acknowledgedLatency: latencies.acknowledged.summary(),
    deliveredLatency: latencies.delivered.summary(),
  }
}

function snapshot(load: ConversationLoad, serverPid: number) {
  const { user, system } = process.cpuUsage()
  return {
    at: performance.now(),
    acknowledged: load.acknowledgedCount,
    delivered: load.deliveredCount,
    serverCpu: cpuMicros(serverPid),
    loadCpu: user + system,
    machineBusy: machineBusyMicros(),
    monotonicMicros: Number(process.hrtime.bigint() / 1000n),
  }
}
