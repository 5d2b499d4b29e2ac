import type { ObservationOf } from '../history/observation.js'
import { type Check, entryOf, type Report } from './check.js'

/** A fault of an edge may end its sessions until so long after it: they notice late, or are told to go elsewhere. */
const AFTERMATH_MS = 20_000

interface Period {
  readonly from: number
  to: number
}

/**
 * Faults of shard-nodes and engines close no client's socket: a session ends by its own will, or because a fault struck
 * its edge or the way there.
 */
export function sessionsStay(report: Report): Check {
  const faults = new Map<string, Map<number, Period>>()
  const closings: { readonly closed: ObservationOf<'closed'>; readonly line: number }[] = []
  let ended = Number.POSITIVE_INFINITY
  return {
    see(observation, line) {
      if (observation.type === 'settled') ended = observation.at
      if (observation.type === 'closed' && !observation.wanted) closings.push({ closed: observation, line })
      if (observation.type !== 'fault') return
      for (const target of observation.targets) {
        const byNumber = entryOf(faults, target, () => new Map<number, Period>())
        if (observation.phase === 'begin') {
          byNumber.set(observation.number, { from: observation.at, to: Number.POSITIVE_INFINITY })
        } else {
          const period = byNumber.get(observation.number)
          if (period !== undefined) period.to = observation.at + AFTERMATH_MS
        }
      }
    },
    finish() {
      for (const { closed, line } of closings) {
        if (closed.at > ended) continue
        const struck = [...(faults.get(closed.edge)?.values() ?? [])]
        if (struck.some(({ from, to }) => from <= closed.at && closed.at <= to)) continue
        report(`${closed.edge} closed session ${closed.session} (${closed.reason}), and no fault had struck it`, line)
      }
    },
  }
}
