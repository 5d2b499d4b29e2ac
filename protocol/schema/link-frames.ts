import { MEMBERS_CHANGED_MAX, MEMBERS_LISTED_MAX, PAGE_MESSAGES_MAX } from '../limits.js'
import {
  appId,
  conversationId,
  conversationInfo,
  conversationType,
  edgeId,
  epochNumber,
  extras,
  logName,
  member,
  message,
  messageId,
  metadata,
  moment,
  nodeId,
  offsetNumber,
  payload,
  seenSeq,
  seqNumber,
  slotNumber,
  trace,
  userId,
} from './parts.js'
import { type FrameOf, frame, tuple, union } from './shapes.js'
import { bin, bool, encoded, list, type Of, oneOf, optional, str, uint } from './types.js'

/**
 * The frames between an edge and a shard-node. In one process they are passed as objects; over TCP a packet of them
 * has its length in front. Requests belong to the pipeline of their slot (edge/core/slot-pipeline.ts): numbered `n`,
 * sent in order, and after a bounce all that are unanswered are sent again under the next `attempt`.
 */

export const LINK_VERSION = 1

const attempt = uint('how often this pipeline was started anew', 0xffffffff)
const n = uint('number of the request in the pipeline of its slot')

export const linkHello = frame(1, 'link_hello', 'First frame of a link.', {
  version: uint('LINK_VERSION', 0xffff),
  edge: edgeId,
  secret: optional(str('the cluster’s shared secret', 256)),
})
export const linkWelcome = frame(2, 'link_welcome', 'The link is open.', {
  version: uint('LINK_VERSION', 0xffff),
  node: nodeId,
})
export const linkRefused = frame(3, 'link_refused', 'The link is not opened; the node closes it after this frame.', {
  reason: str('for people', 1024),
})

// --- edge → shard-node: requests of a slot's pipeline ---------------------------------------------------------------

export const post = frame(10, 'post', 'Post a message for a user.', {
  slot: slotNumber,
  attempt,
  n,
  app: appId,
  conversation: conversationId,
  message_id: messageId,
  from: userId,
  payload: encoded(payload),
  ttl: optional(uint('seconds')),
  extras: optional(encoded(extras)),
  trace: optional(trace),
  seen: optional(seenSeq),
})

export const open = frame(11, 'open', 'Create the conversation unless it exists. Answered by `reply` opened.', {
  slot: slotNumber,
  attempt,
  n,
  app: appId,
  conversation: conversationId,
  type: conversationType,
  members: list(userId, MEMBERS_CHANGED_MAX + 1),
  admins: list(userId, MEMBERS_CHANGED_MAX + 1),
  as: optional(userId),
  metadata: optional(metadata),
  ttl: optional(uint('seconds')),
})

export const change = frame(12, 'change', 'Add and remove members, change roles and labels, erase what was said.', {
  slot: slotNumber,
  attempt,
  n,
  app: appId,
  conversation: conversationId,
  message_id: messageId,
  by: userId,
  /** Set when a service token acts: rights of an admin. */
  service: bool('a service token asks'),
  add: list(userId, MEMBERS_CHANGED_MAX),
  remove: list(userId, MEMBERS_CHANGED_MAX),
  seen: optional(seenSeq),
  promote: optional(list(userId, MEMBERS_CHANGED_MAX, 'make admins of them, also of those that are added')),
  demote: optional(list(userId, MEMBERS_CHANGED_MAX, 'take that back')),
  metadata: optional(metadata),
  /** Only for services: all that was said, and all members go. */
  erase: optional(bool('erase the conversation')),
  /** Only for services: what this user said. */
  forget: optional(userId),
})

export const mark = frame(13, 'mark', 'Move a member’s cursors forward.', {
  slot: slotNumber,
  attempt,
  n,
  app: appId,
  conversation: conversationId,
  user: userId,
  delivered: seqNumber,
  read: seqNumber,
})

export const subscribe = frame(
  14,
  'subscribe',
  'This edge has a session of this member: send it what is committed from now on.',
  {
    slot: slotNumber,
    attempt,
    n,
    app: appId,
    conversation: conversationId,
    user: userId,
  },
)

export const read = frame(15, 'read', 'Read a page. With `user`: only if a member; without: a service token asks.', {
  slot: slotNumber,
  attempt,
  n,
  app: appId,
  conversation: conversationId,
  user: optional(userId),
  since: optional(seqNumber),
  before: optional(seqNumber),
  limit: uint('messages', PAGE_MESSAGES_MAX),
})

export const inspect = frame(16, 'inspect', 'Read a conversation’s data. With `user`: as that member sees it.', {
  slot: slotNumber,
  attempt,
  n,
  app: appId,
  conversation: conversationId,
  user: optional(userId),
})

export const status = frame(17, 'status', 'Who has a message, since when? With `user`: only if a member.', {
  slot: slotNumber,
  attempt,
  n,
  app: appId,
  conversation: conversationId,
  message_id: messageId,
  user: optional(userId),
})

export const roster = frame(18, 'roster', 'Read members, in the order of their ids. With `user`: only if a member.', {
  slot: slotNumber,
  attempt,
  n,
  app: appId,
  conversation: conversationId,
  user: optional(userId),
  after: optional(userId),
  limit: uint('members', 1000),
})

// --- edge → shard-node: outside of the pipelines --------------------------------------------------------------------

export const unsubscribe = frame(20, 'unsubscribe', 'The last session of this member on this edge is gone.', {
  conversation: conversationId,
  user: userId,
})
export const signal = frame(21, 'signal', 'Typing. May be lost.', {
  conversation: conversationId,
  user: userId,
  on: bool('typing or stopped'),
})
export const enumerate = frame(22, 'enumerate', 'Which conversations of this user does this node own?', {
  id: uint('repeated by the answers'),
  app: appId,
  user: userId,
  left: optional(bool('also those that the user has left')),
})
export const linkPing = frame(23, 'link_ping', 'Is the link alive?', {})

// --- shard-node → shard-node: a node links to another as an edge does ------------------------------------------------

export const want = frame(30, 'want', 'The ring gives me this slot, which your log has: hand it over.', {
  slot: slotNumber,
  epoch: epochNumber,
  node: nodeId,
})
export const noted = frame(32, 'noted', 'My log says that it follows yours up to there (`ends`): hold the slot.', {
  slot: slotNumber,
  epoch: epochNumber,
})
export const taken = frame(31, 'taken', 'The slot is mine: send whoever asks for it to me.', {
  slot: slotNumber,
  epoch: epochNumber,
  log: logName,
  node: nodeId,
})

// --- shard-node → edge ----------------------------------------------------------------------------------------------

export const acks = frame(40, 'acks', 'Committed: posts and changes of this slot.', {
  slot: slotNumber,
  items: list(tuple('ack', { n, seq: seqNumber, time: moment }), 100_000),
})

export const refuse = frame(41, 'refuse', 'A request failed for good (numbers of protocol/errors.ts).', {
  slot: slotNumber,
  attempt,
  n,
  code: uint('error', 0xffff),
  detail: str('for people', 1024),
})

export const bounce = frame(42, 'bounce', 'Of this attempt nothing from request `n` on was taken: go back to it.', {
  slot: slotNumber,
  attempt,
  n,
  reason: oneOf('why', ['not_owner', 'busy']),
  retry_after: uint('milliseconds'),
  owner: optional(nodeId),
  epoch: optional(epochNumber),
})

const pageBody = {
  after: seqNumber,
  upto: seqNumber,
  first: seqNumber,
  head: seqNumber,
  count: uint('messages'),
  messages: bin('the messages, one behind the other', 0, 16 * 1024 * 1024),
}
export const answer = union('answer', {
  opened: [0, { info: conversationInfo, created: bool('it did not exist before') }],
  done: [1, {}],
  subscribed: [2, { head: seqNumber, first: seqNumber, online: list(userId, 1000) }],
  page: [3, pageBody],
  info: [4, { info: conversationInfo }],
  roster: [6, { members: list(member, 1000), more: bool('there are further ones') }],
  status: [
    5,
    {
      message,
      receipts: optional(
        list(
          tuple('receipt', {
            user: userId,
            delivered: optional(moment),
            read: optional(moment),
          }),
          MEMBERS_LISTED_MAX,
          'of the other members; time 0: since when is not known. Left out in large groups',
        ),
      ),
    },
  ],
})
export type Answer = Of<typeof answer>

export const reply = frame(43, 'reply', 'Answer to open, mark, subscribe, read, inspect, status or roster.', {
  slot: slotNumber,
  attempt,
  n,
  answer,
})

export const fanout = frame(
  44,
  'fanout',
  'Committed messages of a conversation that this edge subscribes to: all in (after, upto].',
  {
    conversation: conversationId,
    after: seqNumber,
    upto: seqNumber,
    count: uint('messages'),
    messages: bin('the messages, one behind the other', 0, 16 * 1024 * 1024),
  },
)

export const marks = frame(45, 'marks', 'Cursors that moved.', {
  conversation: conversationId,
  items: list(tuple('cursors', { user: userId, delivered: seqNumber, read: seqNumber, time: moment }), 100_000),
})

export const signalled = frame(46, 'signalled', 'A member types.', {
  conversation: conversationId,
  user: userId,
  on: bool('typing or stopped'),
})
export const present = frame(47, 'present', 'A member came online or went offline.', {
  conversation: conversationId,
  user: userId,
  online: bool('online'),
})
export const membership = frame(
  48,
  'membership',
  'Committed: these users joined or left. Sent to the edges where they are.',
  {
    app: appId,
    conversation: conversationId,
    joined: list(userId, MEMBERS_CHANGED_MAX + 1),
    left: list(userId, MEMBERS_CHANGED_MAX + 1),
    seq: seqNumber,
  },
)
export const enumerated = frame(49, 'enumerated', 'Answer to `enumerate`; several may come.', {
  id: uint('of the question'),
  conversations: list(conversationInfo, 1000),
  last: bool('no more follow'),
})
export const consent = frame(
  51,
  'consent',
  'Take the slot: all of it is in the view, and nothing more is written. Good for this epoch and log only.',
  { slot: slotNumber, epoch: epochNumber, log: logName, end: offsetNumber },
)
export const ends = frame(
  52,
  'ends',
  'The slot will be yours. So far all of it is committed, below `end`: note in your log that it follows mine up to there.',
  { slot: slotNumber, epoch: epochNumber, log: logName, end: offsetNumber },
)
export const linkPong = frame(50, 'link_pong', 'The link is alive.', {})

export const EDGE_LINK_FRAMES = [
  linkHello,
  post,
  open,
  change,
  mark,
  subscribe,
  read,
  inspect,
  status,
  roster,
  unsubscribe,
  signal,
  enumerate,
  linkPing,
  want,
  noted,
  taken,
] as const
export const NODE_LINK_FRAMES = [
  linkWelcome,
  linkRefused,
  acks,
  refuse,
  bounce,
  reply,
  fanout,
  marks,
  signalled,
  present,
  membership,
  enumerated,
  linkPong,
  consent,
  ends,
] as const

export type EdgeLinkFrame = FrameOf<(typeof EDGE_LINK_FRAMES)[number]>
export type NodeLinkFrame = FrameOf<(typeof NODE_LINK_FRAMES)[number]>
export type PostFrame = FrameOf<typeof post>
export type OpenFrame = FrameOf<typeof open>
export type ChangeFrame = FrameOf<typeof change>
export type MarkFrame = FrameOf<typeof mark>
export type SubscribeFrame = FrameOf<typeof subscribe>
export type ReadFrame = FrameOf<typeof read>
export type InspectFrame = FrameOf<typeof inspect>
export type StatusFrame = FrameOf<typeof status>
export type RosterFrame = FrameOf<typeof roster>
/** A request of a slot's pipeline. */
export type RequestFrame =
  | PostFrame
  | OpenFrame
  | ChangeFrame
  | MarkFrame
  | SubscribeFrame
  | ReadFrame
  | InspectFrame
  | StatusFrame
  | RosterFrame
export type FanoutFrame = FrameOf<typeof fanout>
export type WantFrame = FrameOf<typeof want>
export type ConsentFrame = FrameOf<typeof consent>
export type EndsFrame = FrameOf<typeof ends>
export type NotedFrame = FrameOf<typeof noted>
