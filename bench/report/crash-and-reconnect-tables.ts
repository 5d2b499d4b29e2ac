import type { CrashResult } from '../scenarios/crash.js'
import type { ReconnectResult } from '../scenarios/reconnect.js'
import { figure, table } from './table.js'

const faultText = (faults: Readonly<Record<string, number>>): string =>
  Object.entries(faults)
    .map(([fault, count]) => `${count} ${fault}`)
    .join(', ') || 'none'

export function crashTable(result: CrashResult): string {
  const rounds = result.rounds.map(({ acknowledgedBefore, readyMs, reconnectedMs }, index) => [
    `kill ${index + 1}`,
    figure(acknowledgedBefore),
    figure(readyMs),
    figure(reconnectedMs),
  ])
  return [
    table(['', 'acknowledged before', 'ready again after ms', 'all clients back after ms'], rounds),
    table(
      ['sent', 'acknowledged', 'delivered', 'in the history', 'sent again', 'faults'],
      [
        [
          figure(result.sent),
          figure(result.acknowledged),
          figure(result.delivered),
          figure(result.stored),
          figure(result.sentAgain),
          faultText(result.faults),
        ],
      ],
    ),
  ].join('\n\n')
}

export function reconnectTable(result: ReconnectResult): string {
  const reads = Object.entries(result.reads)
  return [
    table(
      ['clients', 'groups', 'missed by each', 'all resumed after ms', 'connects/s', 'faults'],
      [
        [
          figure(result.clients),
          figure(result.groups),
          figure(result.missedEach),
          figure(result.allResumedMs),
          figure(result.connectsPerSecond),
          faultText(result.faults),
        ],
      ],
    ),
    ...(reads.length > 0
      ? [
          table(
            ['counter of the server', 'rose by'],
            reads.map(([name, value]) => [name, figure(value)]),
          ),
        ]
      : []),
  ].join('\n\n')
}
