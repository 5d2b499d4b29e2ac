import type {
  AppId,
  ConversationId,
  Cseq,
  DeviceId,
  EdgeId,
  Epoch,
  LogId,
  Millis,
  NodeId,
  Offset,
  Seq,
  Slot,
  UserId,
} from '../ids.js'
import { SLOTS } from '../ids.js'
import { MEMBERS_CHANGED_MAX, MEMBERS_LISTED_MAX, TEXT_BYTES_MAX } from '../limits.js'
import { tuple, union } from './shapes.js'
import { anything, bin, bool, encoded, id, labels, list, type Of, oneOf, optional, str, uint } from './types.js'

/** Values that several frames, records and REST bodies share. */

export const CONVERSATION_ID = /^[A-Za-z0-9_-]{1,64}$/
export const conversationId = id<ConversationId>('conversation id', 64, {
  pattern: CONVERSATION_ID,
  example: 'g-2f9c61ab40d17e35',
})
/**
 * Ids stand in the paths of URLs, from which every client takes the steps `.` and `..` away, `%2e` too: nobody could ask
 * for a user of that name. Spelled without a look-ahead, which regular expressions of other languages lack.
 */
export const USER_ID =
  /^(?:[A-Za-z0-9_:@+-][A-Za-z0-9_.:@+-]{0,127}|\.[A-Za-z0-9_:@+-][A-Za-z0-9_.:@+-]{0,126}|\.\.[A-Za-z0-9_.:@+-]{1,126})$/
/** The same for people. */
export const USER_ID_MEANS = '1 to 128 characters of A–Z a–z 0–9 _ . : @ + -, but not . or ..'
export const userId = id<UserId>('user id', 128, { pattern: USER_ID, example: 'ann@example.org' })
export const APP_ID = /^[A-Za-z0-9_-]{1,64}$/
export const APP_ID_MEANS = '1 to 64 characters of A–Z a–z 0–9 _ -'
export const appId = id<AppId>('client_id of the app', 64, { pattern: APP_ID, example: 'demo' })
export const deviceId = id<DeviceId>('device id', 64, { pattern: /^[A-Za-z0-9_.:-]{1,64}$/, example: 'phone-1' })
export const nodeId = str<NodeId>('node id', 64)
export const edgeId = str<EdgeId>('edge id', 64)
export const messageId = bin('message_id: the 16 bytes of a UUIDv4', 16, 16)
export const seqNumber = uint<Seq>('sequence number in the conversation; 0: before the first')
/**
 * With it, a repeat needs no look-up while the owner remembers the message_ids since then: a message that was sent
 * when its sender had seen seq s cannot have been stored at s or before.
 */
export const seenSeq = uint<Seq>('highest seq that the sender had of the conversation when it first sent this message')
export const cseqNumber = uint<Cseq>('number of the frame in its session: 1, 2, 3 …', 0xffffffff)
export const moment = uint<Millis>('milliseconds since 1970')
export const slotNumber = uint<Slot>('slot', SLOTS - 1)
export const epochNumber = uint<Epoch>('epoch of the slot')
export const logName = str<LogId>('name of a node log', 128)
export const offsetNumber = uint<Offset>('offset in a node log')
export const trace = str('W3C traceparent', 55, {
  pattern: /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/,
  example: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
})
export const ask = uint('number of the question, chosen by the client; its answer repeats it', 0xffffffff)
export const conversationType = oneOf('private: two members for ever; group: members come and go', ['private', 'group'])
export const metadata = labels('labels of the app, kept and returned', 32, 1024)

const text = str('text', TEXT_BYTES_MAX)
const fileReference = {
  file_id: str('file id', 64),
  name: str('file name', 255),
  size: uint('bytes'),
  mime: str('media type', 127),
  caption: optional(text),
}
const custom = { data: anything('content of the app', TEXT_BYTES_MAX) }

/** What a member may send. */
export const payload = union('payload', { text: [0, { text }], file: [1, fileReference], custom: [2, custom] })
export type Payload = Of<typeof payload>

/** What a stored message may hold: also the changes of membership, which are messages of the server. */
export const storedPayload = union('payload', {
  text: [0, { text }],
  file: [1, fileReference],
  custom: [2, custom],
  /** A change of the conversation itself, written by the server: members, roles, labels, what was erased. */
  membership: [
    3,
    {
      added: list(userId, MEMBERS_CHANGED_MAX),
      removed: list(userId, MEMBERS_CHANGED_MAX),
      promoted: optional(list(userId, MEMBERS_CHANGED_MAX, 'admins from here on')),
      demoted: optional(list(userId, MEMBERS_CHANGED_MAX, 'admins no more')),
      metadata: optional(metadata),
      erased: optional(bool('all that was said up to here is erased, and nobody is a member any more')),
      /** What this user said up to here is erased. */
      forgotten: optional(userId),
    },
  ],
  /** Stands where something was said that is erased; its sender's name is {@link ERASED_USER}. */
  erased: [4, {}],
})
export type StoredPayload = Of<typeof storedPayload>

/** What accompanies a message and is read by connectors, not by the conversation's owner. */
export const extras = tuple('to, channels and metadata of a message', {
  to: optional(list(userId, MEMBERS_CHANGED_MAX)),
  channels: optional(list(id('channel', 32, { pattern: /^[a-z][a-z0-9_-]{0,31}$/, example: 'telegram' }), 16)),
  metadata: optional(metadata),
})
export type Extras = Of<typeof extras>

/** A committed message: the bytes in the log, in the view, on the links and in `deliver` are these and the same. */
export const message = tuple('message', {
  seq: seqNumber,
  message_id: messageId,
  from: userId,
  time: moment,
  payload: storedPayload,
  expires: optional(moment),
  extras: optional(extras),
  trace: optional(trace),
})
export type Message = Of<typeof message>

/** The same bytes as {@link message}, with payload and extras passed through encoded: how owners write and read them. */
export const sealedMessage = tuple('message', {
  ...message.fields,
  payload: encoded(storedPayload),
  extras: optional(encoded(extras)),
})
export type SealedMessage = Of<typeof sealedMessage>

/** Whose name stands where what was said is erased. */
export const ERASED_USER = 'erased' as UserId

export const role = oneOf('role of a member', ['member', 'admin'])

export const member = tuple('member', {
  user: userId,
  role,
  delivered: seqNumber,
  read: seqNumber,
})
export type Member = Of<typeof member>

/** A conversation as one of its members sees it. */
export const conversationInfo = tuple('conversation', {
  conversation: conversationId,
  type: conversationType,
  head: seqNumber,
  first: seqNumber,
  member_count: uint('members'),
  delivered: seqNumber,
  read: seqNumber,
  created: moment,
  members: optional(list(member, MEMBERS_LISTED_MAX, `left out in groups of over ${MEMBERS_LISTED_MAX}`)),
  metadata: optional(metadata),
  ttl: optional(uint('seconds that messages live, unless they say otherwise')),
  last: optional(message),
})
export type ConversationInfo = Of<typeof conversationInfo>
