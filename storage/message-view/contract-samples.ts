import {
  type AppId,
  type ConversationId,
  type Millis,
  message,
  type Seq,
  type StoredPayload,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import type { ConversationChange, ConversationData, MessageBatch, MessageRange, MessageView } from './port.js'

/** Changes for the contract: small, and told apart by their seqs. */

export const app = 'app' as AppId
export const chat = 'chat' as ConversationId
export const ana = 'ana' as UserId
export const ben = 'ben' as UserId
export const cem = 'cem@example.org' as UserId
export const data: ConversationData = {
  app,
  type: 'group',
  created: 1 as Millis,
  metadata: { topic: 'tests' },
  ttl: 3_600,
}

export const at = (n: number): Millis => n as Millis
export const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
export const bodyOf = (seq: number): string => `message ${seq} ${'.'.repeat(seq % 11)}`

/** A message_id that follows from the seq, evenly spread as those of a UUIDv4 are. */
export function idOf(seq: number): Uint8Array {
  const id = new Uint8Array(16)
  const view = new DataView(id.buffer)
  for (let i = 0; i < 4; i++) view.setUint32(i * 4, Math.imul(seq * 4 + i + 1, 0x9e3779b1) ^ (seq << (i * 5)))
  return id
}

export function batch(firstSeq: number, lastSeq: number, expires?: readonly number[]): MessageBatch {
  const bodies = numbers(firstSeq, lastSeq).map((seq) => Buffer.from(bodyOf(seq)))
  return {
    firstSeq: firstSeq as Seq,
    lastSeq: lastSeq as Seq,
    bytes: Buffer.concat(bodies),
    lengths: bodies.map(({ length }) => length),
    messageIds: Buffer.concat(numbers(firstSeq, lastSeq).map(idOf)),
    ...(expires && { expires: expires.map(at) }),
  }
}

const writer = new Writer()

/** Messages as owners write them, of one sender. */
export function sealedBatch(from: UserId, firstSeq: number, lastSeq: number): MessageBatch {
  const bodies = numbers(firstSeq, lastSeq).map((seq) => {
    const payload: StoredPayload = { type: 'text', text: `words of ${from}` }
    message.write(writer, { seq: seq as Seq, message_id: idOf(seq), from, time: at(seq), payload })
    return writer.take().slice()
  })
  return {
    firstSeq: firstSeq as Seq,
    lastSeq: lastSeq as Seq,
    bytes: Buffer.concat(bodies),
    lengths: bodies.map(({ length }) => length),
    messageIds: Buffer.concat(numbers(firstSeq, lastSeq).map(idOf)),
  }
}

export function created(conversation: ConversationId): ConversationChange {
  return { app, conversation, data, members: [member(ana, true, 0, 'admin'), member(ben, true, 0)] }
}

export function member(user: UserId, present: boolean, version: number, role: 'admin' | 'member' = 'member') {
  return { user, role, present, version: version as Seq }
}

export function cursor(user: UserId, delivered: number, read: number) {
  return { user, delivered: delivered as Seq, read: read as Seq }
}

export function byUser<Row extends { readonly user: UserId }>(rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) => (a.user < b.user ? -1 : 1))
}

export function range(part: Partial<Record<keyof MessageRange, number | boolean>> = {}): MessageRange {
  const all = { after: 0, before: Number.MAX_SAFE_INTEGER, limit: 1_000, newestFirst: false, now: 0 }
  return { ...all, ...part } as MessageRange
}

export async function seqs(view: MessageView, part?: Parameters<typeof range>[0]): Promise<number[]> {
  return (await view.messages(chat, range(part))).map(({ seq }) => seq)
}
