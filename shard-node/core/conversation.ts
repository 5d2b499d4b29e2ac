import {
  type AppId,
  type ChangeFrame,
  type ConversationData,
  type ConversationId,
  type ConversationInfo,
  type FanoutFrame,
  MEMBERS_LISTED_MAX,
  type Millis,
  message,
  type Offset,
  type PostFrame,
  Reader,
  type RequestFrame,
  type Seq,
  type Slot,
  type StoredConversation,
  type StoredMember,
  type StoredMessage,
  type StoredRise,
  type UserId,
} from '@chat4all/protocol'
import type { LinkId } from './effects.js'
import type { Forgotten } from './forgotten.js'

/**
 * One conversation in its owner's memory. What is assigned (seqs given, members changed) runs ahead of what is
 * committed; nobody outside is shown more than what is committed.
 */
export interface Conversation {
  readonly id: ConversationId
  readonly slot: Slot
  /** `loading`: the view is being read; `absent`: the view knows none, an `open` may create it. */
  status: 'loading' | 'absent' | 'ready'
  data: ConversationData
  readonly members: Map<UserId, StoredMember>
  memberCount: number
  /** Committed or not: what a mark is compared with. */
  readonly cursors: Map<UserId, Cursor>
  /** Committed: what may be told. */
  readonly toldCursors: Map<UserId, Readonly<Cursor>>
  /** Highest seq given out, committed or not. */
  assigned: Seq
  /** Highest seq committed. */
  head: Seq
  /** Highest seq that the message view has. */
  materialised: Seq
  /** Lowest seq that may still exist. */
  first: Seq
  /** Erased, committed or not: there is no such conversation, until it is opened anew. */
  erased: boolean
  /** Whom the view may not have forgotten yet, though that is committed. Replaced, never changed: reads keep theirs. */
  forgotten: Forgotten | undefined
  /** When `first` was last asked of the view; messages with a time to live raise it. */
  firstAskedAt: Millis
  lastTime: Millis
  /** Seqs of recent message_ids: all that are not in the view yet, and some more. */
  readonly window: Map<string, Seq>
  /** Committed and not in the view yet, oldest first. */
  tail: TailBatch[]
  /** The newest committed message. */
  last: Uint8Array | undefined
  /** Waits for the next flush. */
  posts: Post[]
  /** Assigned and not committed: flushed posts first, then `posts`. */
  readonly uncommitted: Post[]
  marked: Map<UserId, CursorChange> | undefined
  /** Committed and not in the view yet, oldest first. */
  readonly recentRises: StoredRise[]
  creation: Creation | undefined
  /** True while it stands in the list of what the next flush takes. */
  dirty: boolean
  /** Edges that subscribe, and for which users. */
  subscribers: Map<LinkId, Set<UserId>> | undefined
  /** Requests that came while the view was asked; served in order. */
  waiting: { readonly link: LinkId; readonly frame: RequestFrame }[] | undefined
  /** A message_id is being looked up in the view: later requests wait behind it. */
  finding: boolean
  /** Lists of conversations that wait for this one to be loaded. */
  whenLoaded: (() => void)[] | undefined
  usedAt: Millis
  /** Barriers and questions that will come back to this object. */
  holds: number
  /** The last entry that has something of it; -1: none of this incarnation. */
  lastEntry: Offset
}

export interface Cursor {
  delivered: Seq
  read: Seq
}

export interface CursorChange extends Cursor {
  readonly user: UserId
  readonly delivered_before: Seq
  readonly read_before: Seq
  time: Millis
  readonly repliesTo: Origin[]
}

/** Where an answer goes. */
export interface Origin {
  readonly link: LinkId
  readonly n: number
  readonly attempt: number
}

/** A message with its seq: exactly the fields of `sealedMessage`, and who waits for it. */
export interface Post {
  readonly seq: Seq
  readonly message_id: Uint8Array
  readonly from: UserId
  readonly time: Millis
  readonly payload: Uint8Array
  readonly expires: Millis | undefined
  readonly extras: Uint8Array | undefined
  readonly trace: string | undefined
  /** Undefined: nobody waits for it. */
  readonly origin: Origin | undefined
  /** The same message came again before it was committed. */
  repeats: Origin[] | undefined
  readonly membership: MembershipChange | undefined
}

/** What a change of the conversation itself does (payload `membership`). */
export interface MembershipChange {
  readonly added: readonly UserId[]
  readonly removed: readonly UserId[]
  readonly promoted?: readonly UserId[] | undefined
  readonly demoted?: readonly UserId[] | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly erased?: boolean | undefined
  readonly forgotten?: UserId | undefined
}

export interface Creation {
  readonly members: readonly UserId[]
  readonly admins: readonly UserId[]
  readonly repliesTo: { readonly origin: Origin; readonly as: UserId | undefined }[]
}

/** Consecutive committed messages. */
export interface TailBatch {
  readonly first: Seq
  readonly last: Seq
  readonly bytes: Uint8Array
  readonly lengths: readonly number[]
  readonly expires: readonly Millis[] | undefined
}

const NOTHING: ConversationData = {
  app: '' as AppId,
  type: 'private',
  created: 0 as Millis,
  metadata: undefined,
  ttl: undefined,
}

export function emptyConversation(id: ConversationId, slot: Slot, now: Millis): Conversation {
  return {
    id,
    slot,
    status: 'loading',
    data: NOTHING,
    members: new Map(),
    memberCount: 0,
    cursors: new Map(),
    toldCursors: new Map(),
    assigned: 0 as Seq,
    head: 0 as Seq,
    materialised: 0 as Seq,
    first: 1 as Seq,
    erased: false,
    forgotten: undefined,
    firstAskedAt: 0 as Millis,
    lastTime: 0 as Millis,
    window: new Map(),
    tail: [],
    last: undefined,
    posts: [],
    uncommitted: [],
    marked: undefined,
    recentRises: [],
    creation: undefined,
    dirty: false,
    subscribers: undefined,
    waiting: undefined,
    finding: false,
    whenLoaded: undefined,
    usedAt: now,
    holds: 0,
    lastEntry: -1 as Offset,
  }
}

export function fillFromView(
  conversation: Conversation,
  stored: StoredConversation,
  last: StoredMessage | undefined,
): void {
  conversation.data = stored.data
  for (const member of stored.members) putMember(conversation, member)
  for (const { user, delivered, read } of stored.cursors) {
    conversation.cursors.set(user, { delivered, read })
    conversation.toldCursors.set(user, { delivered, read })
  }
  conversation.assigned = stored.head
  conversation.head = stored.head
  conversation.materialised = stored.head
  conversation.first = stored.first
  // Nobody is a member and not even the word of that is left: only erasing does so.
  conversation.erased = conversation.memberCount === 0 && stored.head > 0 && stored.first > stored.head
  conversation.status = 'ready'
  if (last !== undefined) {
    conversation.last = last.bytes
    conversation.lastTime = message.read(new Reader(last.bytes)).time
  }
}

/** Which cursors rose, by what the log says of a change. */
export function risesOf({
  user,
  delivered,
  read,
  delivered_before,
  read_before,
  time,
}: Omit<CursorChange, 'repliesTo'>): StoredRise[] {
  const rises: StoredRise[] = []
  if (delivered > delivered_before) rises.push({ user, kind: 'delivered', upto: delivered, time })
  if (read > read_before) rises.push({ user, kind: 'read', upto: read, time })
  return rises
}

export function putMember(conversation: Conversation, member: StoredMember): void {
  const was = conversation.members.get(member.user)?.present ?? false
  conversation.members.set(member.user, member)
  conversation.memberCount += Number(member.present) - Number(was)
}

export function isMember(conversation: Conversation, user: UserId): boolean {
  return conversation.members.get(user)?.present ?? false
}

export function cursorOf(conversation: Conversation, user: UserId): Readonly<Cursor> {
  return conversation.cursors.get(user) ?? NO_CURSOR
}

/** The member's cursor as far as it is committed: a successor knows no less. */
export function toldCursorOf(conversation: Conversation, user: UserId): Readonly<Cursor> {
  return conversation.toldCursors.get(user) ?? NO_CURSOR
}
const NO_CURSOR: Readonly<Cursor> = { delivered: 0 as Seq, read: 0 as Seq }

/**
 * Nothing of it is on its way, the view has all of it (entries below `materialised`), and no edge wants it: it can be
 * read back at any time.
 */
export function isIdle(conversation: Conversation, materialised: Offset): boolean {
  return (
    conversation.lastEntry < materialised &&
    conversation.holds === 0 &&
    !conversation.dirty &&
    conversation.status !== 'loading' &&
    conversation.uncommitted.length === 0 &&
    conversation.tail.length === 0 &&
    conversation.materialised === conversation.assigned &&
    conversation.creation === undefined &&
    conversation.marked === undefined &&
    conversation.waiting === undefined &&
    conversation.whenLoaded === undefined &&
    !conversation.finding &&
    (conversation.subscribers === undefined || conversation.subscribers.size === 0)
  )
}

/** The conversation as `user` sees it (undefined: a service token). */
export function infoFor(conversation: Conversation, user: UserId | undefined): ConversationInfo {
  const { data } = conversation
  const own = user === undefined ? NO_CURSOR : toldCursorOf(conversation, user)
  const listed =
    conversation.memberCount > MEMBERS_LISTED_MAX
      ? undefined
      : [...conversation.members.values()]
          .filter((member) => member.present)
          .map((member) => ({ user: member.user, role: member.role, ...toldCursorOf(conversation, member.user) }))
  return {
    conversation: conversation.id,
    type: data.type,
    head: conversation.head,
    first: conversation.first,
    member_count: conversation.memberCount,
    delivered: own.delivered,
    read: own.read,
    created: data.created,
    ...(listed !== undefined && { members: listed }),
    ...(data.metadata !== undefined && { metadata: { ...data.metadata } }),
    ...(data.ttl !== undefined && { ttl: data.ttl }),
    ...(conversation.last !== undefined && { last: message.read(new Reader(conversation.last)) }),
  }
}

/** The frames that carry a message_id, and so may be repeats. */
export type Repeatable = PostFrame | ChangeFrame

/** One frame for all edges of a batch: encoded once, shared. */
export function fanoutOf(conversation: Conversation, batch: TailBatch, count: number): FanoutFrame {
  return {
    t: 'fanout',
    conversation: conversation.id,
    after: (batch.first - 1) as Seq,
    upto: batch.last,
    count,
    messages: batch.bytes,
  }
}
