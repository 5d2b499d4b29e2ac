import { type Check, entryOf, type Report, shows } from './check.js'

/** How far a conversation was known to go, when. Both rise. */
interface Timeline {
  readonly at: number[]
  readonly seqs: number[]
  readonly lines: number[]
}

/**
 * Reads are fresh: a page says of the conversation's head at least what anyone had been told before the page was asked
 * for. A deposed owner that answers from memory would not.
 */
export function readsAreFresh(report: Report): Check {
  const timelines = new Map<string, Timeline>()

  function tell(conversation: string, at: number, seq: number, line: number): void {
    const timeline = entryOf(timelines, conversation, () => ({ at: [], seqs: [], lines: [] }))
    if (seq <= (timeline.seqs.at(-1) ?? 0)) return
    timeline.at.push(at)
    timeline.seqs.push(seq)
    timeline.lines.push(line)
  }

  function answered(conversation: string, askedAt: number, head: number, line: number): void {
    const timeline = timelines.get(conversation)
    if (timeline === undefined) return
    const index = lastBefore(timeline.at, askedAt)
    if (index >= 0 && head < timeline.seqs[index]!) {
      report(
        `${conversation} is said to end at ${head}, and was known to reach ${timeline.seqs[index]} before that was asked`,
        timeline.lines[index]!,
        line,
      )
    }
  }

  return {
    see(observation, line) {
      if (observation.type === 'page' || observation.type === 'full-read') {
        answered(observation.conversation, observation.askedAt, observation.head, line)
      }
      if (observation.type === 'sent') tell(observation.conversation, observation.at, observation.seq, line)
      if (!shows(observation)) return
      const last = observation.messages.at(-1)
      if (last !== undefined) tell(observation.conversation, observation.at, last[0], line)
    },
    finish() {},
  }
}

/** Index of the last value below `limit` in rising ones; -1: none. */
function lastBefore(rising: readonly number[], limit: number): number {
  let low = 0
  let high = rising.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (rising[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
