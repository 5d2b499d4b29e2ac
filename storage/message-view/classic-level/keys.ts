import type { AppId, ConversationId, Millis, Seq, StoredRise, UserId } from '@chat4all/protocol'

/**
 * The keys of the view. A byte for the kind of row, the conversation (its length in front, so that none is the beginning
 * of another's), and what tells rows of a conversation apart; numbers are big endian, so that rows lie in their order.
 *
 *     d conversation                      data
 *     h conversation                      head: highest seq, lowest seq, and where the message_ids are (head-row.ts)
 *     m conversation user                 member
 *     c conversation user                 cursors of a member
 *     r conversation user kind seq        when a cursor of a member came to that seq
 *     b conversation seq                  batch of messages that begins there (../batch-row.ts)
 *     i conversation seq                  page of message_ids that begins there (message-ids.ts)
 *     a conversation part seq             archived message_ids (message-ids.ts)
 *     u app user conversation             the user is a member; with a byte in it: it was one, and has left
 *     x time conversation seq             the batch that begins there has messages that expire then
 */

/** Of seqs and times: enough for nine millennia of milliseconds. */
const SEQ_BYTES = 6
const NUMBER_MAX = 2 ** 48 - 1

const kind = (letter: string): number => letter.charCodeAt(0)
const DATA = kind('d')
const HEAD = kind('h')
const MEMBER = kind('m')
const CURSOR = kind('c')
const RISE = kind('r')
const BATCH = kind('b')
const ID_PAGE = kind('i')
const ARCHIVE = kind('a')
const USER = kind('u')
const EXPIRY = kind('x')

/** Rows with gte <= key < lt. */
export interface KeyRange {
  readonly gte: Buffer
  readonly lt: Buffer
}

export const dataKey = (conversation: ConversationId): Buffer => conversationKey(DATA, conversation, 0)
export const headKey = (conversation: ConversationId): Buffer => conversationKey(HEAD, conversation, 0)

export const memberKey = (conversation: ConversationId, user: UserId): Buffer => userRowKey(MEMBER, conversation, user)
export const cursorKey = (conversation: ConversationId, user: UserId): Buffer => userRowKey(CURSOR, conversation, user)
export const membersOf = (conversation: ConversationId): KeyRange => all(conversationKey(MEMBER, conversation, 0))
export const cursorsOf = (conversation: ConversationId): KeyRange => all(conversationKey(CURSOR, conversation, 0))

/** Rises of one member's cursor to `seq` or beyond, lowest first. */
export function risesOf(conversation: ConversationId, user: UserId, rise: StoredRise['kind'], seq: Seq): KeyRange {
  const gte = riseKey(conversation, user, rise, seq)
  return { gte, lt: after(gte.subarray(0, gte.length - SEQ_BYTES)) }
}

/** Rises of all members' cursors. */
export const risesOfAll = (conversation: ConversationId): KeyRange => all(conversationKey(RISE, conversation, 0))

export function riseKey(conversation: ConversationId, user: UserId, rise: StoredRise['kind'], seq: Seq): Buffer {
  // Between the user and the rest a byte that no user id has, so that none is the beginning of another's key.
  const name = Buffer.from(`${user}\0${rise === 'read' ? 'r' : 'd'}`)
  const key = conversationKey(RISE, conversation, name.length + SEQ_BYTES)
  name.copy(key, key.length - SEQ_BYTES - name.length)
  writeSeq(key, seq)
  return key
}

/** The user in the key of a member or of cursors. */
export function userOfKey(key: Buffer): UserId {
  return key.toString('utf8', 2 + key[1]!) as UserId
}

export const batchKey = (conversation: ConversationId, first: Seq): Buffer => seqKey(BATCH, conversation, first)
export const idPageKey = (conversation: ConversationId, first: Seq): Buffer => seqKey(ID_PAGE, conversation, first)

/** Batches that begin in [from, to); without `to`, all from there on. */
export const batchesOf = (conversation: ConversationId, from: Seq, to?: Seq): KeyRange =>
  seqRange(BATCH, conversation, from, to)
/** Pages of message_ids that begin in [from, to). */
export const idPagesOf = (conversation: ConversationId, from: Seq, to?: Seq): KeyRange =>
  seqRange(ID_PAGE, conversation, from, to)

/** The seq that a key ends with. */
export function seqOfKey(key: Buffer): Seq {
  return key.readUIntBE(key.length - SEQ_BYTES, SEQ_BYTES) as Seq
}

export function archiveKey(conversation: ConversationId, part: number, first: Seq): Buffer {
  const key = conversationKey(ARCHIVE, conversation, 1 + SEQ_BYTES)
  key[key.length - SEQ_BYTES - 1] = part
  writeSeq(key, first)
  return key
}

export function archiveOf(conversation: ConversationId, part: number): KeyRange {
  const gte = conversationKey(ARCHIVE, conversation, 1)
  gte[gte.length - 1] = part
  return all(gte)
}

export function userKey(app: AppId, user: UserId, conversation: ConversationId): Buffer {
  return Buffer.concat([userPrefix(app, user), Buffer.from(conversation)])
}

export const conversationsOfUser = (app: AppId, user: UserId): KeyRange => all(userPrefix(app, user))

/** The conversation in a key of `userKey`. */
export function conversationOfUserKey(key: Buffer): ConversationId {
  const userAt = 2 + key[1]!
  return key.toString('utf8', userAt + 2 + key.readUInt16BE(userAt)) as ConversationId
}

export function expiryKey(time: Millis, conversation: ConversationId, first: Seq): Buffer {
  const name = Buffer.from(conversation)
  const key = Buffer.allocUnsafe(1 + SEQ_BYTES + name.length + SEQ_BYTES)
  key[0] = EXPIRY
  key.writeUIntBE(Math.min(time, NUMBER_MAX), 1, SEQ_BYTES)
  name.copy(key, 1 + SEQ_BYTES)
  writeSeq(key, first)
  return key
}

/** Expiries up to `now`. */
export function expiriesUpTo(now: Millis): KeyRange {
  const lt = Buffer.alloc(1 + SEQ_BYTES)
  lt[0] = EXPIRY
  lt.writeUIntBE(Math.min(now + 1, NUMBER_MAX), 1, SEQ_BYTES)
  return { gte: Buffer.from([EXPIRY]), lt }
}

export function conversationOfExpiryKey(key: Buffer): ConversationId {
  return key.toString('utf8', 1 + SEQ_BYTES, key.length - SEQ_BYTES) as ConversationId
}

function conversationKey(letter: number, conversation: ConversationId, more: number): Buffer {
  const length = Buffer.byteLength(conversation)
  if (length === 0 || length > 255) throw new RangeError(`'${conversation}' is no conversation id: 1 to 255 bytes`)
  const key = Buffer.allocUnsafe(2 + length + more)
  key[0] = letter
  key[1] = length
  key.write(conversation, 2)
  return key
}

function userRowKey(letter: number, conversation: ConversationId, user: UserId): Buffer {
  const length = Buffer.byteLength(user)
  const key = conversationKey(letter, conversation, length)
  key.write(user, key.length - length)
  return key
}

function seqKey(letter: number, conversation: ConversationId, seq: Seq): Buffer {
  const key = conversationKey(letter, conversation, SEQ_BYTES)
  writeSeq(key, seq)
  return key
}

function seqRange(letter: number, conversation: ConversationId, from: Seq, to: Seq | undefined): KeyRange {
  const gte = seqKey(letter, conversation, from)
  return {
    gte,
    lt: to === undefined ? after(conversationKey(letter, conversation, 0)) : seqKey(letter, conversation, to),
  }
}

function writeSeq(key: Buffer, seq: Seq): void {
  // The end of a range may be any number.
  key.writeUIntBE(Math.min(seq, NUMBER_MAX), key.length - SEQ_BYTES, SEQ_BYTES)
}

function userPrefix(app: AppId, user: UserId): Buffer {
  const appName = Buffer.from(app)
  const userName = Buffer.from(user)
  const key = Buffer.allocUnsafe(2 + appName.length + 2 + userName.length)
  key[0] = USER
  key[1] = appName.length
  appName.copy(key, 2)
  key.writeUInt16BE(userName.length, 2 + appName.length)
  userName.copy(key, 4 + appName.length)
  return key
}

/** All keys that begin with these bytes. */
const all = (prefix: Buffer): KeyRange => ({ gte: prefix, lt: after(prefix) })

/** The first key behind all that begin with these bytes. The last byte is never 255: no text in UTF-8 ends so. */
function after(prefix: Buffer): Buffer {
  const key = Buffer.from(prefix)
  key[key.length - 1]! += 1
  return key
}
