import { type Check, entryOf, type Report, shows } from './check.js'

/** What stands at a seq, as whoever saw it first. */
interface Place {
  readonly id: string
  /** Unknown while it was only acknowledged. */
  content: string | undefined
  time: number | undefined
  readonly line: number
}

/**
 * There is one order: at a seq stands one message, the same for everyone who is told of it, with the content that its
 * sender gave it; and seqs have no gap, in no range that anyone was told is complete.
 */
export function oneOrder(report: Report): Check {
  const places = new Map<string, Map<number, Place>>()
  const given = new Map<string, { readonly content: string; readonly line: number }>()
  const altered = new Set<string>()

  function stands(conversation: string, seq: number, seen: Omit<Place, 'line'>, line: number): void {
    const bySeq = entryOf(places, conversation, () => new Map<number, Place>())
    const before = bySeq.get(seq)
    if (before === undefined) {
      bySeq.set(seq, { ...seen, line })
      return
    }
    if (before.id !== seen.id) {
      report(`seq ${seq} of ${conversation} is ${before.id} and ${seen.id}`, before.line, line)
      return
    }
    if (seen.content === undefined) return
    if (before.content === undefined) {
      before.content = seen.content
      before.time = seen.time
    } else if (before.content !== seen.content || before.time !== seen.time) {
      report(
        `readers see ${seen.id} at seq ${seq} of ${conversation} with different content or time`,
        before.line,
        line,
      )
    }
  }

  function isContiguous(
    conversation: string,
    after: number,
    upto: number,
    seqs: readonly number[],
    line: number,
  ): void {
    let due = after + 1
    for (const seq of seqs) {
      if (seq !== due) {
        report(`${conversation}: seq ${seq} where ${due} is due`, line)
        return
      }
      due++
    }
    if (due !== upto + 1) report(`${conversation}: messages end at ${due - 1}, not at ${upto} as told`, line)
  }

  return {
    see(observation, line) {
      if (observation.type === 'sending' && observation.content !== undefined && !observation.conflicts) {
        if (!given.has(observation.id)) given.set(observation.id, { content: observation.content, line })
      } else if (observation.type === 'sent') {
        const { conversation, seq, id } = observation
        stands(conversation, seq, { id, content: undefined, time: undefined }, line)
      }
      if (!shows(observation)) return
      const { conversation } = observation
      for (const [seq, id, content, time] of observation.messages) {
        stands(conversation, seq, { id, content, time }, line)
        const sent = given.get(id)
        if (sent !== undefined && sent.content !== content && !altered.has(id)) {
          altered.add(id)
          report(`${id} of ${conversation} is shown with other content than it was sent with`, sent.line, line)
        }
      }
      const seqs = observation.messages.map(([seq]) => seq)
      if (observation.type === 'full-read') isContiguous(conversation, 0, observation.head, seqs, line)
      else if (observation.type !== 'streamed') {
        isContiguous(conversation, observation.after, observation.upto, seqs, line)
      }
    },
    finish() {},
  }
}
