import { cpuMicros, machineBusyMicros } from '../servers/process-usage.js'
import { type ConversationLoad, type Lane, pause } from './conversation-load.js'
import type { Target } from './dialect.js'
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
  /** Of each process by its name, where the server is more than one; they are in `serverCpuMicros` together. */
  readonly processCpuMicros: Readonly<Record<string, number>>
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
  server: ServerProcesses,
): Promise<MeasuredWindow> {
  const stop = startClosedLoop(load, inFlight)
  await pause(times.warmupMs)
  const window = await measureWindow(load, times.measureMs, server)
  stop()
  return window
}

/** Keeps so many messages of each sender in flight until the function returned is called. */
export function startClosedLoop(load: ConversationLoad, inFlight: number): () => void {
  let running = true
  load.loop = (lane: Lane) => {
    if (running) lane.queueNext(performance.now())
  }
  for (const lane of load.lanes) {
    for (let i = 0; i < inFlight; i++) lane.queueNext(performance.now())
    lane.flush()
  }
  return () => {
    running = false
  }
}

/** The processes whose CPU time counts as the server's. */
export type ServerProcesses = Pick<Target, 'pid' | 'processes'>

function cpuOf({ pid, processes = { server: pid } }: ServerProcesses): Record<string, number> {
  const micros: Record<string, number> = {}
  for (const [name, id] of Object.entries(processes)) {
    try {
      micros[name] = cpuMicros(id)
    } catch {
      // It has ended: it was killed for the measurement's sake, or it left.
    }
  }
  return micros
}

/** Counts and measures while a loop runs. */
export async function measureWindow(
  load: ConversationLoad,
  measureMs: number,
  server: ServerProcesses,
): Promise<MeasuredWindow> {
  const before = snapshot(load, server)
  load.startRecording()
  await pause(measureMs)
  const latencies = load.stopRecording()
  const after = snapshot(load, server)
  const processCpuMicros = Object.fromEntries(
    Object.entries(after.processes).map(([name, micros]) => [name, micros - (before.processes[name] ?? micros)]),
  )
  const serverCpuMicros = Object.values(processCpuMicros).reduce((sum, micros) => sum + micros, 0)
  const loadCpuMicros = after.loadCpu - before.loadCpu
  return {
    ms: after.at - before.at,
    acknowledged: after.acknowledged - before.acknowledged,
    delivered: after.delivered - before.delivered,
    serverCpuMicros,
    processCpuMicros,
    loadCpuMicros,
    foreignCpuMicros: Math.max(0, after.machineBusy - before.machineBusy - serverCpuMicros - loadCpuMicros),
    fromMicros: before.monotonicMicros,
    toMicros: after.monotonicMicros,
    acknowledgedLatency: latencies.acknowledged.summary(),
    deliveredLatency: latencies.delivered.summary(),
  }
}

function snapshot(load: ConversationLoad, server: ServerProcesses) {
  const { user, system } = process.cpuUsage()
  return {
    at: performance.now(),
    acknowledged: load.acknowledgedCount,
    delivered: load.deliveredCount,
    processes: cpuOf(server),
    loadCpu: user + system,
    machineBusy: machineBusyMicros(),
    monotonicMicros: Number(process.hrtime.bigint() / 1000n),
  }
}
