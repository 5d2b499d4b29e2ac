import {
  type ConversationId,
  type EncodedPage,
  encodeDeliver,
  encodePage,
  frameCodec,
  SERVER_FRAMES,
  type Seq,
  type ServerFrame,
  seqOfMessage,
  splitMessages,
  Writer,
} from '@chat4all/protocol'

/**
 * Frames for clients as bytes. Messages are never decoded here: they are put between heads as their owner encoded them,
 * once per edge, and the same bytes go to every session.
 */

const codec = frameCodec(SERVER_FRAMES)
const writer = new Writer()

export function encodeFrame(frame: ServerFrame): Uint8Array {
  codec.encode(writer, frame)
  return writer.take()
}

export function encodedPage(page: EncodedPage): Uint8Array {
  encodePage(writer, page)
  return writer.take()
}

/** Messages of a conversation, encoded, one behind the other: all that exist in (after, upto]. */
export interface MessageRange {
  readonly after: Seq
  readonly upto: Seq
  readonly count: number
  readonly messages: Uint8Array
}

/** A range with the `deliver` frame that holds it. */
export interface Portion extends MessageRange {
  readonly frame: Uint8Array
}

export function deliverFrame(conversation: ConversationId, range: MessageRange): Uint8Array {
  encodeDeliver(writer, conversation, range.after, range.upto, range.count, range.messages)
  return writer.take()
}

export function portionOf(conversation: ConversationId, range: MessageRange): Portion {
  const { after, upto, count, messages } = range
  const frame = deliverFrame(conversation, range)
  // The messages stand at the frame's end: what is kept of a portion is one piece of memory.
  return { after, upto, count, messages: frame.subarray(frame.length - messages.length), frame }
}

/** What of a range lies in (after, upto]. */
export function cut(range: MessageRange, after: Seq, upto: Seq): MessageRange {
  if (after <= range.after && upto >= range.upto) return range
  let start = 0
  let end = 0
  let count = 0
  let at = 0
  for (const record of splitMessages(range.messages)) {
    const seq = seqOfMessage(record)
    if (seq > after && seq <= upto) {
      if (count === 0) start = at
      end = at + record.length
      count++
    }
    at += record.length
  }
  return {
    after: Math.max(after, range.after) as Seq,
    upto: Math.min(upto, range.upto) as Seq,
    count,
    messages: range.messages.subarray(start, end),
  }
}

/** A range in pieces of about `bytesMax` each (at least one message each), in order. */
export function pieces(range: MessageRange, bytesMax: number): MessageRange[] {
  if (range.messages.length <= bytesMax) return [range]
  const found: MessageRange[] = []
  let { after } = range
  let upto = after
  let count = 0
  let start = 0
  let at = 0
  for (const record of splitMessages(range.messages)) {
    if (count > 0 && at + record.length - start > bytesMax) {
      found.push({ after, upto, count, messages: range.messages.subarray(start, at) })
      after = upto
      count = 0
      start = at
    }
    upto = seqOfMessage(record)
    count++
    at += record.length
  }
  // The last piece also covers what has expired behind the last message.
  found.push({ after, upto: range.upto, count, messages: range.messages.subarray(start) })
  return found
}

/** As much of a page as fits `bytesMax` (at least one message): of its newest end, or of its oldest. */
export function withinBytes(range: MessageRange, bytesMax: number, newest: boolean): MessageRange {
  if (range.messages.length <= bytesMax) return range
  if (!newest) return pieces(range, bytesMax)[0]!
  const records = splitMessages(range.messages)
  let bytes = 0
  let first = records.length
  while (first > 0 && (first === records.length || bytes + records[first - 1]!.length <= bytesMax)) {
    first--
    bytes += records[first]!.length
  }
  // Between the last message left out and the first kept, others may have expired: they belong to what is left out.
  return cut(range, first === 0 ? range.after : seqOfMessage(records[first - 1]!), range.upto)
}
