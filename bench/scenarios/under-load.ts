import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../chaos/cluster/cluster.js'
import { pause } from '../load/conversation-load.js'
import type { Target } from '../load/dialect.js'
import { type ClusterRun, targetOf, withCluster } from './cluster.js'
import { startLoad } from './in-load-process.js'
import { median } from './rounds.js'
import type { WindowsSettings } from './settings.js'
import type { LoadWindow } from './windows.js'

/** Things done to a cluster while it is under load, and how the load fared before, meanwhile and afterwards. */

export interface Step {
  readonly name: string
  does(cluster: Cluster): Promise<void>
}

export interface UnderLoadSettings {
  readonly load: WindowsSettings
  readonly steps: readonly Step[]
  /** Before the first step, and after each, nothing is done for so long. */
  readonly quietMs: number
  /** Whom the load speaks to; all edges unless given. */
  readonly edges?: (cluster: Cluster) => Cluster['edges']
  /** Made before the load begins, e.g. others that are connected. */
  readonly prepare?: (cluster: Cluster) => Promise<{ close(): void }>
}

export interface Phase {
  readonly name: string
  readonly ms: number
  readonly acknowledgedPerSecond: number
  /** The median of its windows. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of its worst window. */
  readonly p99MsWorst: number
  readonly maxMs: number
  /** The longest wait of each sender that waited too long. */
  readonly interruptionsMs: readonly number[]
  /** How long requests of each slot waited that was handed over in this phase. */
  readonly handoffPausesMs: readonly number[]
}

export interface UnderLoadResult {
  readonly phases: readonly Phase[]
  readonly windows: readonly LoadWindow[]
  readonly faults: Readonly<Record<string, number>>
  readonly faultSamples: readonly string[]
}

interface Span {
  readonly name: string
  readonly fromMicros: number
  readonly fromEpochMs: number
}

export function underLoad(run: ClusterRun, settings: UnderLoadSettings): Promise<UnderLoadResult> {
  return withCluster(run, async (cluster, folder) => {
    const others = await settings.prepare?.(cluster)
    const target: Target = targetOf(cluster, settings.edges?.(cluster))
    const load = startLoad({ dialect: 'chat4all', target, settings: settings.load }, run.placement.load)
    const spans: Span[] = []
    const begin = (name: string): void => {
      run.progress(name)
      spans.push({ name, fromMicros: Number(process.hrtime.bigint() / 1000n), fromEpochMs: Date.now() })
    }
    const acting = (async () => {
      await load.began
      begin('before')
      await pause(settings.quietMs)
      for (const step of settings.steps) {
        begin(step.name)
        await step.does(cluster)
        begin(`after ${step.name}`)
        await pause(settings.quietMs)
      }
    })().finally(() => load.stop())
    const [{ windows, outcome }] = await Promise.all([load.result, acting])
    others?.close()
    const pauses = handoffPauses(cluster, folder)
    return {
      phases: spans.map((span, index) => phaseOf(span, spans[index + 1], windows, pauses)),
      windows,
      faults: outcome.faults,
      faultSamples: outcome.faultSamples,
    }
  })
}

function phaseOf(
  { name, fromMicros, fromEpochMs }: Span,
  next: Span | undefined,
  all: readonly LoadWindow[],
  pauses: readonly HandoffPause[],
): Phase {
  const toMicros = next?.fromMicros ?? Number.POSITIVE_INFINITY
  const toEpochMs = next?.fromEpochMs ?? Number.POSITIVE_INFINITY
  // A window belongs to the phase in which most of it lies.
  const windows = all.filter((window) => {
    const middle = (window.fromMicros + window.toMicros) / 2
    return middle >= fromMicros && middle < toMicros
  })
  const ms = windows.reduce((sum, window) => sum + window.ms, 0)
  const acknowledged = windows.reduce((sum, window) => sum + window.acknowledged, 0)
  const latencies = windows.map(({ acknowledgedLatency }) => acknowledgedLatency)
  return {
    name,
    ms,
    acknowledgedPerSecond: acknowledged / (ms / 1000),
    p50Ms: median(latencies.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(latencies.map(({ p99Ms }) => p99Ms)),
    p99MsWorst: Math.max(...latencies.map(({ p99Ms }) => p99Ms)),
    maxMs: Math.max(...latencies.map(({ maxMs }) => maxMs)),
    interruptionsMs: windows.flatMap(({ interruptionsMs }) => interruptionsMs),
    handoffPausesMs: pauses.filter(({ at }) => at >= fromEpochMs && at < toEpochMs).map(({ pauseMs }) => pauseMs),
  }
}

interface HandoffPause {
  readonly at: number
  readonly pauseMs: number
}

/** What shard-nodes tell, at level info, of the slots that they handed over. */
function handoffPauses(cluster: Cluster, folder: string): HandoffPause[] {
  return cluster.nodes.flatMap(({ name }) =>
    readFileSync(join(folder, `${name}.log`), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"slots handed over"'))
      .flatMap((line) => {
        const { time, pause_ms } = JSON.parse(line) as { time: number; pause_ms: number[] }
        return pause_ms.map((pauseMs) => ({ at: time, pauseMs }))
      }),
  )
}
