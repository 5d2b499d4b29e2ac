import { HELLO_CURSORS_MAX, MEMBERS_CHANGED_MAX, PAGE_MESSAGES_MAX } from '../limits.js'
import {
  ask,
  conversationId,
  conversationInfo,
  conversationType,
  cseqNumber,
  deviceId,
  extras,
  message,
  messageId,
  metadata,
  moment,
  payload,
  seenSeq,
  seqNumber,
  trace,
  userId,
} from './parts.js'
import { type FrameOf, frame, tuple } from './shapes.js'
import { bool, encoded, list, optional, str, uint } from './types.js'

/**
 * The frames between a client and an edge. A WebSocket message (binary) holds one or more of them, one behind the
 * other. Numbers are never reused; fields are only added at the end, optional.
 */

/** Their history: docs/protocol/history.md. */
export const PROTOCOL_VERSION = 1
export const PROTOCOL_VERSION_MIN = 1

/** Where an edge takes WebSockets. Which frames they carry is settled by `hello`, not by the path. */
export const SOCKET_PATH = '/v1/socket'

const upto = seqNumber
const retryAfter = uint('milliseconds to wait', 0xffffffff)

// --- client → edge -------------------------------------------------------------------------------------------------

export const hello = frame(
  1,
  'hello',
  'First frame of a session: who, which versions, and how far the client has got.',
  {
    version_min: uint('oldest protocol version that the client speaks', 0xffff),
    version_max: uint('newest protocol version that the client speaks', 0xffff),
    token: str('access token of a user', 4096),
    device: optional(deviceId),
    cursors: optional(
      list(
        tuple('cursor', { conversation: conversationId, seq: seqNumber }),
        HELLO_CURSORS_MAX,
        'highest seq had, by conversation',
      ),
    ),
    agent: optional(str('name and version of the client', 128)),
  },
)

export const send = frame(3, 'send', 'Post a message. Answered by `sent`, `busy` or `error` with the same cseq.', {
  cseq: cseqNumber,
  conversation: conversationId,
  message_id: messageId,
  payload: encoded(payload),
  ttl: optional(uint('seconds until the message expires', 0xffffffff)),
  extras: optional(encoded(extras)),
  trace: optional(trace),
  seen: optional(seenSeq),
})

export const receipt = frame(8, 'receipt', 'Move this user’s cursors forward; a lower value changes nothing.', {
  conversation: conversationId,
  delivered: seqNumber,
  read: seqNumber,
})

export const typing = frame(
  10,
  'typing',
  'Tell the other members; repeat every few seconds while it lasts. May be dropped.',
  {
    conversation: conversationId,
    on: bool('typing or stopped'),
  },
)

export const history = frame(
  13,
  'history',
  'Ask for a page: upwards from `since` (exclusive), else downwards from `before` (exclusive), else the newest.',
  {
    ask,
    conversation: conversationId,
    since: optional(seqNumber),
    before: optional(seqNumber),
    limit: uint('messages', PAGE_MESSAGES_MAX),
  },
)

export const create = frame(
  15,
  'create',
  'Create a group, or enter the one private conversation of two users. The sender becomes a member.',
  {
    cseq: cseqNumber,
    type: conversationType,
    members: list(userId, MEMBERS_CHANGED_MAX),
    /** Makes creating a group repeatable: the conversation's id follows from it. */
    message_id: messageId,
    metadata: optional(metadata),
    ttl: optional(uint('seconds that messages live', 0xffffffff)),
  },
)

export const members = frame(
  17,
  'members',
  'Add and remove members of a group, and change their roles; removing oneself is leaving. Answered by `sent`.',
  {
    cseq: cseqNumber,
    conversation: conversationId,
    message_id: messageId,
    add: list(userId, MEMBERS_CHANGED_MAX),
    remove: list(userId, MEMBERS_CHANGED_MAX),
    seen: optional(seenSeq),
    promote: optional(list(userId, MEMBERS_CHANGED_MAX, 'make admins of them, also of those that are added')),
    demote: optional(list(userId, MEMBERS_CHANGED_MAX, 'take that back')),
  },
)

export const listConversations = frame(18, 'list', 'Ask for the user’s conversations.', { ask })

export const ping = frame(23, 'ping', 'I am here. Answered by `pong`.', {})

// --- edge → client -------------------------------------------------------------------------------------------------

export const welcome = frame(2, 'welcome', 'The session is open. Conversations follow, then `ready`.', {
  version: uint('protocol version of this session', 0xffff),
  session: str('session id, for logs', 64),
  user: userId,
  device: deviceId,
  time: moment,
  heartbeat: uint('close after so many ms without a frame'),
  frame_bytes_max: uint('largest frame that this server takes, bytes'),
})

export const sent = frame(
  4,
  'sent',
  'Committed: the message (or change of members) is stored, at this seq, for good.',
  {
    cseq: cseqNumber,
    message_id: messageId,
    seq: seqNumber,
    time: moment,
  },
)

export const deliver = frame(
  5,
  'deliver',
  'Messages of a conversation in order: all that exist in (after, upto]. A client whose cursor is below `after` has a gap and asks `history`.',
  {
    conversation: conversationId,
    after: seqNumber,
    upto,
    messages: list(message, PAGE_MESSAGES_MAX),
  },
)

export const error = frame(
  6,
  'error',
  'A request failed for good, or the session is about to be closed (no cseq, no ask).',
  {
    code: uint('number of the error, see docs/errors.md', 0xffff),
    detail: str('for people', 1024),
    cseq: optional(cseqNumber),
    ask: optional(ask),
  },
)

export const busy = frame(
  7,
  'busy',
  'Nothing from this cseq on was accepted. Wait, then send again from it, in order.',
  {
    cseq: cseqNumber,
    code: uint('number of the error, see docs/errors.md', 0xffff),
    retry_after: retryAfter,
  },
)

export const receipts = frame(9, 'receipts', 'A member’s cursors moved.', {
  conversation: conversationId,
  user: userId,
  delivered: seqNumber,
  read: seqNumber,
  time: moment,
})

export const typingEvent = frame(11, 'typing_event', 'A member types, or stopped.', {
  conversation: conversationId,
  user: userId,
  on: bool('typing or stopped'),
})

export const presence = frame(12, 'presence', 'A member came online or went offline (small conversations only).', {
  conversation: conversationId,
  user: userId,
  online: bool('has an open session'),
})

export const page = frame(14, 'page', 'Answer to `history`: all that exist in (after, upto], oldest first.', {
  ask,
  conversation: conversationId,
  after: seqNumber,
  upto,
  first: seqNumber,
  head: seqNumber,
  messages: list(message, PAGE_MESSAGES_MAX),
})

export const created = frame(16, 'created', 'Answer to `create`.', { cseq: cseqNumber, info: conversationInfo })

export const conversations = frame(19, 'conversations', 'Answer to `list`; several may come, the last says so.', {
  ask,
  conversations: list(conversationInfo, 1000),
  last: bool('no more follow'),
})

export const conversation = frame(
  20,
  'conversation',
  'A conversation of the user: at connect, when added to one, when its data change.',
  {
    info: conversationInfo,
  },
)

export const resumed = frame(
  21,
  'resumed',
  'Answer to a cursor of `hello`: what was missed follows up to `upto`. `recovered` false: what lies before `first` has expired.',
  {
    conversation: conversationId,
    recovered: bool('everything missed will be delivered'),
    after: seqNumber,
    first: seqNumber,
    upto,
  },
)

export const ready = frame(22, 'ready', 'All conversations have been told; from here on what comes is new.', {
  conversations: uint('how many'),
})

export const pong = frame(24, 'pong', 'Answer to `ping`.', { time: moment })

export const reconnect = frame(25, 'reconnect', 'The server is going away: close and connect again after the delay.', {
  delay: uint('milliseconds to wait'),
})

export const removed = frame(26, 'removed', 'The user is no longer a member; nothing after `upto` follows.', {
  conversation: conversationId,
  upto,
})

export const CLIENT_FRAMES = [hello, send, receipt, typing, history, create, members, listConversations, ping] as const
export const SERVER_FRAMES = [
  welcome,
  sent,
  deliver,
  error,
  busy,
  receipts,
  typingEvent,
  presence,
  page,
  created,
  conversations,
  conversation,
  resumed,
  ready,
  pong,
  reconnect,
  removed,
] as const

export type ClientFrame = FrameOf<(typeof CLIENT_FRAMES)[number]>
export type ServerFrame = FrameOf<(typeof SERVER_FRAMES)[number]>
