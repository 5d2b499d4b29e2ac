import { type Check, entryOf, type Report } from './check.js'

interface Consumed {
  readonly partition: number
  seq: number
  line: number
}

/**
 * Every committed message reaches the event stream, in order: a consumer that follows the documented rule (drop what has
 * a seq at or below the last one seen of its conversation) sees each message exactly once, 1, 2, 3 …
 */
export function streamInOrder(report: Report): Check {
  let expected = false
  const consumed = new Map<string, Consumed>()
  const heads = new Map<string, { readonly head: number; readonly line: number }>()
  return {
    see(observation, line) {
      if (observation.type === 'run') expected = observation.streamed
      if (observation.type === 'full-read' && observation.final) {
        const before = heads.get(observation.conversation)
        if (before === undefined || observation.head > before.head) {
          heads.set(observation.conversation, { head: observation.head, line })
        }
      }
      if (observation.type !== 'streamed') return
      const { conversation, partition } = observation
      const state = entryOf(consumed, conversation, () => ({ partition, seq: 0, line }))
      if (state.partition !== partition) {
        report(`${conversation} is in partitions ${state.partition} and ${partition} of the stream`, state.line, line)
      }
      for (const [seq] of observation.messages) {
        if (seq <= state.seq) continue
        if (seq !== state.seq + 1) {
          report(`the stream goes on with seq ${seq} of ${conversation} after ${state.seq}`, state.line, line)
        }
        state.seq = seq
        state.line = line
      }
    },
    finish() {
      if (!expected) return
      for (const [conversation, { head, line }] of heads) {
        const state = consumed.get(conversation)
        if ((state?.seq ?? 0) < head) {
          report(
            `the stream has ${conversation} up to ${state?.seq ?? 0}, and it goes to ${head}`,
            state?.line ?? line,
            line,
          )
        }
      }
    },
  }
}
