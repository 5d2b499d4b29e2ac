import type { ObservationOf } from '../history/observation.js'
import { type Check, entryOf, type Report } from './check.js'

/**
 * Nothing acknowledged is lost: every message that anyone was told is stored stands in every final read of its
 * conversation, at the seq that was told, whoever reads and over whichever edge.
 */
export function acknowledgedIsRead(report: Report): Check {
  const acknowledged = new Map<string, Map<string, { readonly seq: number; readonly line: number }>>()
  const finalReads = new Map<string, { readonly read: ObservationOf<'full-read'>; readonly line: number }[]>()
  return {
    see(observation, line) {
      if (observation.type === 'sent') {
        const byId = entryOf(acknowledged, observation.conversation, () => new Map())
        if (!byId.has(observation.id)) byId.set(observation.id, { seq: observation.seq, line })
      } else if (observation.type === 'full-read' && observation.final) {
        entryOf(finalReads, observation.conversation, () => []).push({ read: observation, line })
      }
    },
    finish() {
      for (const [conversation, byId] of acknowledged) {
        const reads = finalReads.get(conversation)
        if (reads === undefined) {
          const first = byId.values().next().value!
          report(`${conversation} has ${byId.size} acknowledged messages, and nobody read it at the end`, first.line)
          continue
        }
        for (const { read, line } of reads) {
          const seqs = new Map(read.messages.map(([seq, id]) => [id, seq]))
          for (const [id, ack] of byId) {
            const found = seqs.get(id)
            if (found === ack.seq) continue
            const where = found === undefined ? 'is not' : `is at seq ${found}`
            report(
              `${id}, acknowledged at seq ${ack.seq} of ${conversation}, ${where} in what ${read.reader} reads over ${read.edge}`,
              ack.line,
              line,
            )
          }
        }
      }
    },
  }
}
