import type { ObservationOf } from '../history/observation.js'
import { type Check, entryOf, type Report, shows } from './check.js'

interface FirstSending {
  readonly id: string
  readonly device: string
  readonly way: 'socket' | 'rest'
  readonly line: number
  /** The highest seq of the conversation that anyone had been told of before, and the line that told it. */
  readonly known: { readonly seq: number; readonly line: number }
}

/**
 * What is sent after something seen has a higher seq, also where somebody else saw it (all who take part share the
 * clock of the run, so "after" is known); and what a device sends in order over its sessions is stored in that order.
 */
export function causalOrder(report: Report): Check {
  const seqs = new Map<string, number>()
  const known = new Map<string, { readonly seq: number; readonly line: number }>()
  const sendings = new Map<string, FirstSending[]>()
  const sentBefore = new Set<string>()
  /** What a device was refused, and may send again later out of order. (A conflict concerns other content only.) */
  const refused = new Set<string>()

  function tell(conversation: string, seq: number, line: number): void {
    if (seq > (known.get(conversation)?.seq ?? 0)) known.set(conversation, { seq, line })
  }

  function sending(observation: ObservationOf<'sending'>, line: number): void {
    const { id, device, way, conversation, conflicts } = observation
    if (conflicts || sentBefore.has(id)) return
    sentBefore.add(id)
    const before = known.get(conversation) ?? { seq: 0, line }
    entryOf(sendings, conversation, () => []).push({ id, device, way, line, known: before })
  }

  return {
    see(observation, line) {
      if (observation.type === 'sending') return sending(observation, line)
      if (observation.type === 'refused') {
        if (observation.code !== 'CONFLICT') refused.add(observation.id)
        return
      }
      if (observation.type === 'sent') {
        seqs.set(observation.id, observation.seq)
        tell(observation.conversation, observation.seq, line)
        return
      }
      if (!shows(observation)) return
      for (const [seq, id] of observation.messages) seqs.set(id, seq)
      const last = observation.messages.at(-1)
      if (last !== undefined) tell(observation.conversation, last[0], line)
    },
    finish() {
      for (const [conversation, all] of sendings) {
        const newest = new Map<string, { readonly seq: number; readonly line: number; readonly id: string }>()
        for (const { id, device, way, line, known: before } of all) {
          const seq = seqs.get(id)
          if (seq === undefined) continue
          if (seq <= before.seq) {
            report(
              `${id} was sent when seq ${before.seq} of ${conversation} was known, and has seq ${seq}`,
              before.line,
              line,
            )
          }
          if (way === 'rest' || refused.has(id)) continue
          const earlier = newest.get(device)
          if (earlier !== undefined && seq < earlier.seq) {
            report(
              `${device} sent ${earlier.id} (seq ${earlier.seq}) before ${id} (seq ${seq}) to ${conversation}`,
              earlier.line,
              line,
            )
          }
          if (earlier === undefined || seq > earlier.seq) newest.set(device, { seq, line, id })
        }
      }
    },
  }
}
