/**
 * The numbers and names of the design, as types that do not fit where another is wanted.
 * Brands exist only for the compiler; on the wire and in memory they are plain numbers and strings.
 */

/** A message's place in its conversation: 1, 2, 3 … without gaps. 0 means "before the first". */
export type Seq = number & { readonly kind: 'seq' }
/** An entry's place in a node log: 0, 1, 2 … */
export type Offset = number & { readonly kind: 'offset' }
/** One of {@link SLOTS} fixed partitions of all conversations. */
export type Slot = number & { readonly kind: 'slot' }
/** The number of a slot's ownership; only rises. */
export type Epoch = number & { readonly kind: 'epoch' }
/** The number of a frame within a session: 1, 2, 3 … */
export type Cseq = number & { readonly kind: 'cseq' }
/** Milliseconds since 1970 (a moment) or milliseconds (a span), as the name says. */
export type Millis = number & { readonly kind: 'millis' }

export type ConversationId = string & { readonly kind: 'conversation' }
/** A user's id within its app. */
export type UserId = string & { readonly kind: 'user' }
/** An API client (tenant): its client_id. */
export type AppId = string & { readonly kind: 'app' }
export type DeviceId = string & { readonly kind: 'device' }
export type NodeId = string & { readonly kind: 'node' }
export type EdgeId = string & { readonly kind: 'edge' }
/** The name of one node log, unique per incarnation of a shard-node. */
export type LogId = string & { readonly kind: 'log' }
/** A UUIDv4 as 36 lower-case characters: the name under which a message is deduplicated. */
export type MessageId = string & { readonly kind: 'message' }

export const SLOTS = 1024

export const seq = (n: number): Seq => n as Seq
export const offset = (n: number): Offset => n as Offset
export const slot = (n: number): Slot => n as Slot
export const epoch = (n: number): Epoch => n as Epoch
export const cseq = (n: number): Cseq => n as Cseq
export const millis = (n: number): Millis => n as Millis

/**
 * The slot of a conversation: FNV-1a (32 bit) over the characters, folded to {@link SLOTS}.
 * It is part of the storage format: changing it moves every conversation.
 */
export function slotOf(conversation: ConversationId): Slot {
  let hash = 0x811c9dc5
  for (let i = 0; i < conversation.length; i++) {
    hash = Math.imul(hash ^ conversation.charCodeAt(i), 0x01000193)
  }
  hash ^= hash >>> 15
  return ((hash >>> 0) % SLOTS) as Slot
}

const HEX: string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/** 16 bytes → the 36 characters of a UUID. */
export function messageIdFromBytes(bytes: Uint8Array): MessageId {
  let s = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) s += '-'
    s += HEX[bytes[i]!]
  }
  return s as MessageId
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Reads a UUIDv4 in any case; undefined when it is not one. */
export function parseMessageId(text: string): MessageId | undefined {
  const lower = text.toLowerCase()
  return UUID_V4.test(lower) ? (lower as MessageId) : undefined
}

/** The 36 characters of a UUID → 16 bytes. The caller has checked the form. */
export function messageIdToBytes(id: MessageId): Uint8Array {
  const bytes = new Uint8Array(16)
  let at = 0
  for (let i = 0; i < 36; i += 2) {
    if (id.charCodeAt(i) === 45) i++
    bytes[at++] = Number.parseInt(id.slice(i, i + 2), 16)
  }
  return bytes
}

/**
 * 16 bytes as a string of 16 characters: the cheapest key of a Map.
 * Only for memory; never shown, never stored.
 */
export function messageKey(bytes: Uint8Array): string {
  return String.fromCharCode(
    bytes[0]!,
    bytes[1]!,
    bytes[2]!,
    bytes[3]!,
    bytes[4]!,
    bytes[5]!,
    bytes[6]!,
    bytes[7]!,
    bytes[8]!,
    bytes[9]!,
    bytes[10]!,
    bytes[11]!,
    bytes[12]!,
    bytes[13]!,
    bytes[14]!,
    bytes[15]!,
  )
}
