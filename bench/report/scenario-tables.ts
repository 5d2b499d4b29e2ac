import type { IdleResult } from '../scenarios/idle.js'
import type { MessageResult } from '../scenarios/message-scenarios.js'
import { median } from '../scenarios/rounds.js'
import { figure, table } from './table.js'

/** One row per server, one column per figure; over several rounds the median, with the range where it is told apart. */

interface Column<Result> {
  readonly title: string
  read(result: Result): number
  /** Show the smallest and largest round too. */
  readonly range?: boolean
}

const faultCount = (result: MessageResult): number =>
  Object.values(result.outcome.faults).reduce((sum, count) => sum + count, 0)

const load: readonly Column<MessageResult>[] = [
  { title: 'generator cores', read: (r) => r.loadCores },
  { title: 'other cores', read: (r) => r.foreignCores },
  { title: 'faults', read: faultCount },
]

const COLUMNS = {
  pairs: [
    { title: 'server CPU µs/message', read: (r: MessageResult) => r.serverCpuMicrosPerMessage, range: true },
    { title: 'acked/s', read: (r: MessageResult) => r.acknowledgedPerSecond, range: true },
    { title: 'server cores', read: (r: MessageResult) => r.serverCores },
    { title: 'acked/s per server core', read: (r: MessageResult) => r.acknowledgedPerSecond / r.serverCores },
    { title: 'p50 delivered ms', read: (r: MessageResult) => r.window.deliveredLatency.p50Ms },
    { title: 'p99 delivered ms', read: (r: MessageResult) => r.window.deliveredLatency.p99Ms },
    ...load,
  ],
  open: [
    { title: 'delivered/s', read: (r: MessageResult) => r.deliveredPerSecond },
    { title: 'p50 acked ms', read: (r: MessageResult) => r.window.acknowledgedLatency.p50Ms },
    { title: 'p99 acked ms', read: (r: MessageResult) => r.window.acknowledgedLatency.p99Ms, range: true },
    { title: 'p50 delivered ms', read: (r: MessageResult) => r.window.deliveredLatency.p50Ms },
    { title: 'p99 delivered ms', read: (r: MessageResult) => r.window.deliveredLatency.p99Ms, range: true },
    { title: 'p99.9 delivered ms', read: (r: MessageResult) => r.window.deliveredLatency.p999Ms },
    { title: 'server CPU µs/message', read: (r: MessageResult) => r.serverCpuMicrosPerMessage },
    ...load,
  ],
  group: [
    { title: 'server CPU µs/delivery', read: (r: MessageResult) => r.serverCpuMicrosPerDelivery, range: true },
    { title: 'deliveries/s', read: (r: MessageResult) => r.deliveredPerSecond, range: true },
    { title: 'messages/s', read: (r: MessageResult) => r.acknowledgedPerSecond },
    { title: 'p99 delivered ms', read: (r: MessageResult) => r.window.deliveredLatency.p99Ms },
    { title: 'server cores', read: (r: MessageResult) => r.serverCores },
    ...load,
  ],
  idle: [
    { title: 'KB/connection', read: (r: IdleResult) => r.kbPerConnection, range: true },
    { title: 'KB/connection, second half', read: (r: IdleResult) => r.kbPerConnectionSlope, range: true },
    { title: 'RSS MB with all', read: (r: IdleResult) => r.residentKbAll / 1024 },
    { title: 'connects/s', read: (r: IdleResult) => (r.connections * 1000) / r.connectMs },
    { title: 'lost', read: (r: IdleResult) => r.lost },
  ],
}

export type TabledScenario = keyof typeof COLUMNS

/** The table of one scenario; `rounds` by server. */
export function scenarioTable(
  scenario: TabledScenario,
  rounds: ReadonlyMap<string, readonly (MessageResult | IdleResult)[]>,
): string {
  const columns = COLUMNS[scenario] as readonly Column<MessageResult | IdleResult>[]
  const rows = [...rounds].map(([server, results]) => [
    server,
    ...columns.map(({ read, range }) => {
      const values = results.map(read)
      const middle = figure(median(values))
      if (range !== true || values.length < 2) return middle
      return `${middle} (${figure(Math.min(...values))}–${figure(Math.max(...values))})`
    }),
  ])
  return table(['server', ...columns.map(({ title }) => title)], rows)
}

/** What went wrong, in words; empty when nothing did. */
export function faultLines(rounds: ReadonlyMap<string, readonly (MessageResult | IdleResult)[]>): string[] {
  const lines: string[] = []
  for (const [server, results] of rounds) {
    for (const result of results) {
      if ('outcome' in result) for (const sample of result.outcome.faultSamples) lines.push(`${server}: ${sample}`)
    }
  }
  return lines
}
