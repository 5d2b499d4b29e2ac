import { type Check, entryOf, type Report, shows } from './check.js'

/**
 * Nothing is doubled: a message_id has one seq in its conversation, in every acknowledgement and for every reader,
 * however often and whichever way it was sent; and the same id is refused with other content, and never with the same.
 */
export function once(report: Report): Check {
  const seqs = new Map<string, Map<string, { readonly seq: number; readonly line: number }>>()
  /** Attempts under way that have to be refused, by device and id. */
  const conflicting = new Map<string, number>()
  const reported = new Set<string>()

  function has(conversation: string, id: string, seq: number, line: number): void {
    const byId = entryOf(seqs, conversation, () => new Map())
    const before = byId.get(id)
    if (before === undefined) byId.set(id, { seq, line })
    else if (before.seq !== seq && !reported.has(`${id} ${seq}`)) {
      reported.add(`${id} ${seq}`)
      report(`${id} is at seq ${before.seq} and at seq ${seq} of ${conversation}`, before.line, line)
    }
  }

  return {
    see(observation, line) {
      if (observation.type === 'sending') {
        const key = `${observation.device} ${observation.id}`
        if (observation.conflicts) conflicting.set(key, line)
        else conflicting.delete(key)
      } else if (observation.type === 'sent') {
        const attempt = conflicting.get(`${observation.device} ${observation.id}`)
        if (attempt !== undefined) {
          report(
            `${observation.id} was used before with other content, and is acknowledged all the same`,
            attempt,
            line,
          )
        }
        has(observation.conversation, observation.id, observation.seq, line)
      } else if (observation.type === 'refused' && observation.code === 'CONFLICT') {
        if (!conflicting.has(`${observation.device} ${observation.id}`)) {
          report(`${observation.id} is refused as a conflict, and was only ever sent with one content`, line)
        }
      }
      if (!shows(observation)) return
      for (const [seq, id] of observation.messages) has(observation.conversation, id, seq, line)
    },
    finish() {},
  }
}
