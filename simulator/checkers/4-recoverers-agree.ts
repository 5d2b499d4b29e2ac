import type { LogId, Offset } from '@chat4all/protocol'
import type { History } from '../history/history.js'
import type { Violation } from './violation.js'

/**
 * Invariant 4: all recoverers of a log agree on its end and on every entry, also those to come: what is below the end is
 * on a quorum when the end is decided. No offset ever had two values.
 */
export function recoverersAgree(history: History): Violation[] {
  const violations: Violation[] = []
  const fail = (at: number, what: string) => violations.push({ invariant: 4, at, what })
  const logs = new Map<LogId, { readonly end: Offset; readonly entries: Map<number, string> }>()
  for (const { at, node, log, from, entries, end } of history.of('recovered')) {
    let agreed = logs.get(log)
    if (agreed === undefined) {
      agreed = { end, entries: new Map() }
      logs.set(log, agreed)
    }
    if (agreed.end !== end) fail(at, `${node} takes ${end} for the end of ${log}, another took ${agreed.end}`)
    if (from + entries.length < end)
      fail(at, `${node} ended the recovery of ${log} at ${from + entries.length} of ${end}`)
    for (const [index, entry] of entries.entries()) {
      const offset = from + index
      if (offset >= end) break
      const other = agreed.entries.get(offset)
      if (other !== undefined && other !== entry)
        fail(at, `${node} reads another entry at ${offset} of ${log} than the one before it`)
      agreed.entries.set(offset, entry)
    }
  }
  for (const { at, log, offset } of history.of('rewritten'))
    fail(at, `offset ${offset} of ${log} was written with two values`)
  for (const { at, log, offset } of history.of('decided-too-early')) {
    fail(at, `the end of ${log} was decided while a later recoverer might miss the entry at ${offset}`)
  }
  return violations
}
