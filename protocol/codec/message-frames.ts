import type { ConversationId, Seq } from '../ids.js'
import { deliver, page } from '../schema/client-frames.js'
import { type Message, message } from '../schema/parts.js'
import { Reader } from './reader.js'
import type { Writer } from './writer.js'

/**
 * Messages travel as the bytes that their owner encoded once: in the log, in the view, on the links (`fanout`,
 * `answer` page: records one behind the other, with their count) and inside `deliver` and `page`. These functions put
 * such bytes into a client's frame, and take them apart, without decoding and encoding a message on the way.
 */

/** Appends a `deliver` frame around `count` encoded messages: all that exist in (after, upto]. */
export function encodeDeliver(
  writer: Writer,
  conversation: ConversationId,
  after: Seq,
  upto: Seq,
  count: number,
  messages: Uint8Array,
): void {
  writer.array(5)
  writer.uint(deliver.code)
  writer.str(conversation)
  writer.uint(after)
  writer.uint(upto)
  writer.array(count)
  writer.raw(messages)
}

/** A page of history whose messages are still encoded: the link's `answer` page, and whose answer it is. */
export interface EncodedPage {
  readonly ask: number
  readonly conversation: ConversationId
  readonly after: Seq
  readonly upto: Seq
  readonly first: Seq
  readonly head: Seq
  readonly count: number
  readonly messages: Uint8Array
}

/** Appends a `page` frame around encoded messages. */
export function encodePage(writer: Writer, value: EncodedPage): void {
  writer.array(8)
  writer.uint(page.code)
  writer.uint(value.ask)
  writer.str(value.conversation)
  writer.uint(value.after)
  writer.uint(value.upto)
  writer.uint(value.first)
  writer.uint(value.head)
  writer.array(value.count)
  writer.raw(value.messages)
}

/**
 * Cuts encoded messages that lie one behind the other into one view each, without decoding them.
 * @throws Chat4AllError MALFORMED_FRAME when they are not whole MessagePack values.
 */
export function splitMessages(bytes: Uint8Array): Uint8Array[] {
  const reader = new Reader(bytes)
  const records: Uint8Array[] = []
  while (!reader.done) {
    const start = reader.at
    reader.skip()
    records.push(bytes.subarray(start, reader.at))
  }
  return records
}

/**
 * Decodes encoded messages that lie one behind the other.
 * @throws Chat4AllError MALFORMED_FRAME when they are not messages.
 */
export function decodeMessages(bytes: Uint8Array): Message[] {
  const reader = new Reader(bytes)
  const decoded: Message[] = []
  while (!reader.done) decoded.push(message.read(reader))
  return decoded
}

/** The seq of an encoded message, without decoding the rest of it. */
export function seqOfMessage(bytes: Uint8Array): Seq {
  const reader = new Reader(bytes)
  reader.array(64)
  return reader.uint(Number.MAX_SAFE_INTEGER) as Seq
}
