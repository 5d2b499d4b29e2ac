import type { MessageResult } from '../scenarios/message-scenarios.js'
import type { Phase } from '../scenarios/under-load.js'
import { figure, table } from './table.js'

/** The tables of measurements on a cluster over the real engines. */

export interface SizedResult {
  readonly nodes: number
  readonly edges: number
  readonly load: string
  readonly result: MessageResult
}

const KINDS = ['edge', 'node', 'cassandra', 'redis', 'consul', 'kafka'] as const

/** CPU µs per message by kind of process: `edge` sums all edges. */
function cpuByKind({ window }: MessageResult): string[] {
  return KINDS.map((kind) => {
    const micros = Object.entries(window.processCpuMicros)
      .filter(([name]) => name.split('-')[0] === kind)
      .reduce((sum, [, value]) => sum + value, 0)
    return figure(micros / window.acknowledged)
  })
}

export function clusterTable(rows: readonly SizedResult[]): string {
  return table(
    [
      'load',
      'shard-nodes',
      'edges',
      'acked/s',
      'p50 acked ms',
      'p99 acked ms',
      'p50 delivered ms',
      'p99 delivered ms',
      ...KINDS.map((kind) => `${kind} CPU µs/message`),
      'generator cores',
      'other cores',
      'faults',
    ],
    rows.map(({ load, nodes, edges, result }) => {
      const { acknowledgedLatency: acked, deliveredLatency: delivered } = result.window
      return [
        load,
        figure(nodes),
        figure(edges),
        figure(result.acknowledgedPerSecond),
        figure(acked.p50Ms),
        figure(acked.p99Ms),
        figure(delivered.p50Ms),
        figure(delivered.p99Ms),
        ...cpuByKind(result),
        figure(result.loadCores),
        figure(result.foreignCores),
        figure(Object.values(result.outcome.faults).reduce((sum, count) => sum + count, 0)),
      ]
    }),
  )
}

/** CPU of every process of one run, in µs per message and in cores. */
export function processTable({ window }: MessageResult): string {
  return table(
    ['process', 'CPU µs/message', 'cores'],
    Object.entries(window.processCpuMicros).map(([name, micros]) => [
      name,
      figure(micros / window.acknowledged),
      figure(micros / 1000 / window.ms),
    ]),
  )
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

export function phaseTable(phases: readonly Phase[]): string {
  return table(
    [
      'phase',
      'lasted s',
      'acked/s',
      'p50 acked ms',
      'p99 acked ms',
      'p99 of the worst second',
      'max ms',
      'senders interrupted',
      'interruption ms (median, max)',
      'slots handed over',
      'pause per slot ms (p50, p99, max)',
    ],
    phases.map((phase) => {
      const { interruptionsMs, handoffPausesMs } = phase
      return [
        phase.name,
        figure(phase.ms / 1000),
        figure(phase.acknowledgedPerSecond),
        figure(phase.p50Ms),
        figure(phase.p99Ms),
        figure(phase.p99MsWorst),
        figure(phase.maxMs),
        figure(interruptionsMs.length),
        interruptionsMs.length === 0
          ? '–'
          : `${figure(percentile(interruptionsMs, 0.5))}, ${figure(percentile(interruptionsMs, 1))}`,
        figure(handoffPausesMs.length),
        handoffPausesMs.length === 0
          ? '–'
          : [0.5, 0.99, 1].map((share) => figure(percentile(handoffPausesMs, share))).join(', '),
      ]
    }),
  )
}
