import type { Violation } from '../chaos/checker/check.js'
import type { ChaosResult } from '../chaos/run.js'
import { figure, table } from './table.js'

/** The tables of a chaos run. */

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)}`

export function chaosTables({ measures, verdict }: Pick<ChaosResult, 'measures' | 'verdict'>): string {
  const { calm, faults } = measures
  const kinds = [...new Set(faults.map(({ fault }) => fault))].sort()
  return [
    table(
      ['', 'value'],
      [
        ['lasted, s', seconds(measures.lastedMs)],
        ['conversations (in so many slots)', `${figure(measures.conversations)} (${figure(measures.slots)})`],
        ['sendings, of these again', `${figure(measures.sendings)}, ${figure(measures.sentAgain)}`],
        ['messages acknowledged', figure(measures.acknowledged)],
        ['deliveries to sessions', figure(measures.delivered)],
        ['events in the stream, repeats included', figure(measures.streamed)],
        ['pages read meanwhile', figure(measures.pages)],
        ['full reads at the end (messages)', `${figure(measures.finalReads)} (${figure(measures.finalMessages)})`],
        ['sessions, of these lost', `${figure(measures.sessions)}, ${figure(measures.sessionsLost)}`],
        [
          'acknowledged without faults: p50, p99, max ms',
          `${figure(calm.p50Ms)}, ${figure(calm.p99Ms)}, ${figure(calm.maxMs)}`,
        ],
        ['lines of history', figure(measures.lines)],
      ],
    ),
    table(
      ['check', 'violations'],
      Object.entries(verdict.counts).map(([check, count]) => [check, figure(count)]),
    ),
    table(
      [
        'fault',
        'times',
        'lasted s (longest)',
        'p50 ms',
        'p99 ms (worst)',
        'conversations interrupted (most)',
        'interruption ms (median, worst)',
        'sessions lost',
        'refused',
      ],
      kinds.map((kind) => {
        const all = faults.filter(({ fault }) => fault === kind)
        const most = (of: (fault: (typeof all)[number]) => number) => Math.max(...all.map(of))
        const refused = new Map<string, number>()
        for (const one of all) {
          for (const [code, count] of Object.entries(one.refused)) refused.set(code, (refused.get(code) ?? 0) + count)
        }
        return [
          kind,
          figure(all.length),
          seconds(most(({ lastedMs }) => lastedMs)),
          figure(most(({ latency }) => latency.p50Ms)),
          figure(most(({ latency }) => latency.p99Ms)),
          figure(most(({ interrupted }) => interrupted)),
          `${figure(Math.round(most(({ interruptionMedianMs }) => interruptionMedianMs)))}, ${figure(Math.round(most(({ interruptionMaxMs }) => interruptionMaxMs)))}`,
          figure(all.reduce((sum, { sessionsLost }) => sum + sessionsLost, 0)),
          [...refused].map(([code, count]) => `${count} ${code}`).join(', ') || '–',
        ]
      }),
    ),
  ].join('\n\n')
}

/** One line for each violation that was kept, with the lines of the history that prove it. */
export function violationLines(violations: readonly Violation[]): string[] {
  return violations.map(({ check, what, lines }) => `${check}: ${what} (lines ${lines.join(', ')})`)
}
