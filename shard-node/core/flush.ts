import {
  type LogId,
  logRecord,
  MEMBERS_CHANGED_MAX,
  type Millis,
  type NodeLinkFrame,
  type Offset,
  type Seq,
  sealedMessage,
  Writer,
} from '@chat4all/protocol'
import type { ChangeSet } from './change-set.js'
import {
  type Conversation,
  type Creation,
  type CursorChange,
  fanoutOf,
  infoFor,
  isMember,
  type MembershipChange,
  type Post,
  risesOf,
  type TailBatch,
} from './conversation.js'
import type { LinkId } from './effects.js'
import { hasElapsed } from './elapsed.js'
import { alsoForgotten, stillToForget } from './forgotten.js'
import { feedChange } from './membership.js'
import type { ShardState } from './state.js'

/**
 * Group commit: what all conversations have waiting becomes one entry, and what the entry holds is made known when it
 * is committed: the view, the edges that subscribe, the senders; in this order, so that nobody is told of a message
 * that a later read would miss.
 */

/** What is to be done for one conversation when its entry is committed. */
interface ConversationWork {
  readonly conversation: Conversation
  readonly creation: Creation | undefined
  readonly posts: readonly Post[]
  readonly batch: TailBatch | undefined
  readonly marked: readonly CursorChange[]
}

export interface FlushWork {
  readonly conversations: readonly ConversationWork[]
  /** Logs that this one follows, and up to where. */
  readonly follows: ReadonlyMap<LogId, Offset>
  readonly bytes: number
}

const scratch = new Writer()
const entryWriter = new Writer(256 * 1024)

/** Makes entries of what waits, as far as the pipeline has room and it is time. */
export function flush(state: ShardState, now: Millis): void {
  const { config, pipeline } = state
  while (state.dirty.length > 0 || state.followed.pending) {
    const inFlight = pipeline.entriesInFlight
    const full = state.pendingBytes >= config.entryBytesMax
    // Requests of a slot that moves are held until this is committed.
    const hurried = full || state.followed.pending || waitsToLeave(state)
    if (inFlight >= config.entriesInFlightMax || (inFlight >= config.entriesInFlightEager && !hurried)) break
    if (!hurried && !hasElapsed(config.gatherMs, state.flushedAt, now)) break
    appendEntry(state)
    state.flushedAt = now
  }
  pipeline.flush(state.effects)
}

/** Something that is not in an entry yet is all that keeps a slot from going further on its way to another node. */
function waitsToLeave({ leaving }: ShardState): boolean {
  for (const { stage, unsettled } of leaving.values()) {
    if (stage === 'draining' && unsettled.some(({ dirty }) => dirty)) return true
  }
  return false
}

function appendEntry(state: ShardState): void {
  const { config } = state
  const conversations: ConversationWork[] = []
  const follows = state.followed.take()
  for (const [log, end] of follows) logRecord.write(entryWriter, { type: 'follows', log, end })
  let messages = 0
  let taken = 0
  for (const conversation of state.dirty) {
    if (messages >= config.entryMessagesMax || entryWriter.length >= config.entryBytesMax) break
    const work = takeWork(state, conversation, config.entryMessagesMax - messages)
    messages += work.posts.length
    conversations.push(work)
    if (conversation.posts.length > 0) break
    conversation.dirty = false
    taken++
  }
  state.dirty.splice(0, taken)
  const bytes = entryWriter.take()
  const offset = state.pipeline.append(bytes, { conversations, follows, bytes: bytes.length }, state.effects)
  for (const { conversation } of conversations) {
    conversation.lastEntry = offset
    const leaving = state.leaving.get(conversation.slot)
    if (leaving !== undefined) leaving.lastEntry = offset
  }
  if (!state.rules.feedAfterCommit) {
    for (const work of conversations) feedView(state, work, offset, 0 as Millis)
  }
}

function takeWork(state: ShardState, conversation: Conversation, postsMax: number): ConversationWork {
  const { creation } = conversation
  if (creation !== undefined) {
    conversation.creation = undefined
    const { app, type, created, metadata, ttl } = conversation.data
    logRecord.write(entryWriter, {
      type: 'created',
      conversation: conversation.id,
      app,
      kind: type,
      members: [...creation.members],
      admins: [...creation.admins],
      time: created,
      ...(metadata !== undefined && { metadata: { ...metadata } }),
      ...(ttl !== undefined && { ttl }),
    })
  }
  const posts = conversation.posts.length <= postsMax ? conversation.posts : conversation.posts.slice(0, postsMax)
  conversation.posts = posts === conversation.posts ? [] : conversation.posts.slice(postsMax)
  const batch = posts.length > 0 ? writeMessages(state, conversation, posts) : undefined
  let marked: CursorChange[] = []
  if (conversation.marked !== undefined && conversation.posts.length === 0) {
    marked = [...conversation.marked.values()]
    conversation.marked = undefined
    logRecord.write(entryWriter, {
      type: 'cursors',
      conversation: conversation.id,
      app: conversation.data.app,
      items: marked,
    })
  }
  return { conversation, creation, posts, batch, marked }
}

function writeMessages(state: ShardState, conversation: Conversation, posts: readonly Post[]): TailBatch {
  const lengths: number[] = new Array(posts.length)
  let expires: Millis[] | undefined
  scratch.rewind(0)
  for (let i = 0; i < posts.length; i++) {
    const post = posts[i]!
    const before = scratch.length
    sealedMessage.write(scratch, post as Parameters<typeof sealedMessage.write>[1])
    lengths[i] = scratch.length - before
    if (post.expires !== undefined) {
      expires ??= new Array(posts.length).fill(0)
      expires![i] = post.expires
    }
  }
  const encoded = scratch.since(0)
  state.pendingBytes -= pendingBytesOf(posts)
  const first = posts[0]!.seq
  logRecord.write(entryWriter, {
    type: 'messages',
    conversation: conversation.id,
    app: conversation.data.app,
    first,
    count: posts.length,
    messages: encoded,
  })
  // The messages stand at the end of what was just written: the log's own bytes are what edges and the view get.
  const bytes = entryWriter.since(entryWriter.length - encoded.length)
  return { first, last: posts.at(-1)!.seq, bytes, lengths, expires }
}

/** An estimate that is the same when a post comes and when it goes. */
export function postBytes(post: Post): number {
  return post.payload.length + (post.extras?.length ?? 0) + 64
}

function pendingBytesOf(posts: readonly Post[]): number {
  let bytes = 0
  for (const post of posts) bytes += postBytes(post)
  return bytes
}

/** What an entry does when it is committed. */
export function commit(state: ShardState, work: FlushWork, offset: Offset, now: Millis): void {
  state.materialiser.gather(offset, work.bytes, now)
  state.followed.noted(work.follows)
  for (const of of work.conversations) commitConversation(state, of, offset, now)
  state.effects.push({ type: 'committed', offset, bytes: work.bytes, conversations: work.conversations })
}

function commitConversation(state: ShardState, work: ConversationWork, offset: Offset, now: Millis): void {
  const { conversation, posts, batch } = work
  if (state.rules.feedAfterCommit) feedView(state, work, offset, now)
  if (batch !== undefined) {
    conversation.head = batch.last
    conversation.tail.push(batch)
    conversation.last = batch.bytes.subarray(batch.bytes.length - batch.lengths.at(-1)!)
    if (state.rules.hideErased) for (const post of posts) hideErased(conversation, post)
    conversation.uncommitted.splice(0, posts.length)
    // Before the messages: an edge must know where a removed member's view ends, also when more follow in this flush.
    for (const post of posts) if (post.membership !== undefined) tellMembership(state, conversation, post)
    if (conversation.subscribers !== undefined && conversation.subscribers.size > 0) {
      const frame = fanoutOf(conversation, batch, posts.length)
      for (const link of conversation.subscribers.keys()) state.effects.push({ type: 'send', link, frame })
    }
    for (const post of posts)
      if (post.membership !== undefined) unsubscribeRemoved(state, conversation, post.membership)
    acknowledge(state, conversation, posts)
  }
  if (work.creation !== undefined) tellCreation(state, conversation, work.creation)
  for (const mark of work.marked) {
    conversation.toldCursors.set(mark.user, { delivered: mark.delivered, read: mark.read })
    conversation.recentRises.push(...risesOf(mark))
  }
  if (work.marked.length > 0) tellMarks(state, conversation, work.marked)
}

/** What is erased is shown to nobody any more, wherever it still is. */
function hideErased(conversation: Conversation, { membership, seq }: Post): void {
  if (membership?.erased === true) {
    conversation.first = (seq + 1) as Seq
    if (conversation.head <= seq) conversation.last = undefined
  } else if (membership?.forgotten !== undefined) {
    conversation.forgotten = alsoForgotten(conversation.forgotten, membership.forgotten, seq)
  }
}

function feedView(
  state: ShardState,
  { conversation, creation, posts, batch, marked }: ConversationWork,
  offset: Offset,
  now: Millis,
): void {
  const set = state.materialiser.gather(offset, 0, now)
  const { app } = conversation.data
  const changes = set.of(conversation.id, app)
  if (creation !== undefined) {
    changes.data = conversation.data
    const admins = new Set(creation.admins)
    for (const user of creation.members) {
      changes.member({ user, role: admins.has(user) ? 'admin' : 'member', present: true, version: 0 as Seq })
      set.join(app, user, conversation.id)
    }
  }
  if (batch !== undefined) feedMessages(set, conversation, posts, batch)
  if (marked.length === 0) return
  const later = set.of(conversation.id, app)
  for (const mark of marked) {
    later.cursor({ user: mark.user, delivered: mark.delivered, read: mark.read })
    later.rises.push(...risesOf(mark))
  }
}

/** In one piece, but where a change erases: what stands behind that is another change of the view. */
function feedMessages(
  set: ChangeSet,
  { id, data: { app } }: Conversation,
  posts: readonly Post[],
  { bytes, lengths, expires }: TailBatch,
): void {
  let [from, start, end] = [0, 0, 0]
  for (const [i, { membership, seq }] of posts.entries()) {
    end += lengths[i]!
    const erases = membership?.erased === true || membership?.forgotten !== undefined
    if (erases || i === posts.length - 1) {
      const piece = posts.slice(from, i + 1)
      set.from(piece[0]!.seq, id, app).messages(
        piece[0]!.seq,
        bytes.subarray(start, end),
        lengths.slice(from, i + 1),
        piece.map((post) => post.message_id),
        expires?.slice(from, i + 1),
      )
      from = i + 1
      start = end
    }
    if (membership !== undefined) feedChange(set, { id, app }, membership, seq)
  }
}

function acknowledge(state: ShardState, conversation: Conversation, posts: readonly Post[]): void {
  let link = -1
  let items: { n: number; seq: Seq; time: Millis }[] = []
  const add = (to: LinkId, n: number, post: Post) => {
    if (to !== link) {
      link = to
      items = []
      state.effects.push({ type: 'send', link: to, frame: { t: 'acks', slot: conversation.slot, items } })
    }
    items.push({ n, seq: post.seq, time: post.time })
  }
  for (const post of posts) {
    if (post.origin !== undefined) add(post.origin.link, post.origin.n, post)
    if (post.repeats !== undefined) for (const origin of post.repeats) add(origin.link, origin.n, post)
  }
}

function tellMembership(state: ShardState, conversation: Conversation, post: Post): void {
  const { added, removed, erased } = post.membership!
  const { app } = conversation.data
  const to = { t: 'membership', app, conversation: conversation.id, seq: post.seq } as const
  if (erased === true) {
    // Everyone leaves: each edge is told of those that it has.
    for (const [link, users] of conversation.subscribers ?? []) {
      const all = [...users]
      for (let i = 0; i < all.length; i += MEMBERS_CHANGED_MAX) {
        const frame: NodeLinkFrame = { ...to, joined: [], left: all.slice(i, i + MEMBERS_CHANGED_MAX) }
        state.effects.push({ type: 'send', link, frame })
      }
    }
    return
  }
  if (added.length === 0 && removed.length === 0) return
  const frame: NodeLinkFrame = { ...to, joined: [...added], left: [...removed] }
  for (const link of conversation.subscribers?.keys() ?? []) state.effects.push({ type: 'send', link, frame })
  if (added.length > 0) state.effects.push({ type: 'invite', app, users: added, frame })
}

function unsubscribeRemoved(
  state: ShardState,
  conversation: Conversation,
  { removed, erased }: MembershipChange,
): void {
  const none = removed.length === 0 && erased !== true
  for (const [link, users] of none ? [] : (conversation.subscribers ?? [])) {
    for (const user of erased === true ? [...users] : removed) if (!isMember(conversation, user)) users.delete(user)
    if (users.size > 0) continue
    conversation.subscribers!.delete(link)
    state.links.get(link)?.conversations.delete(conversation)
  }
}

function tellCreation(state: ShardState, conversation: Conversation, creation: Creation): void {
  for (const { origin, as } of creation.repliesTo) {
    state.reply(conversation.slot, origin, { type: 'opened', info: infoFor(conversation, as), created: true })
  }
  const { app } = conversation.data
  const joined = [...creation.members]
  const frame: NodeLinkFrame = { t: 'membership', app, conversation: conversation.id, joined, left: [], seq: 0 as Seq }
  state.effects.push({ type: 'invite', app, users: joined, frame })
}

function tellMarks(state: ShardState, conversation: Conversation, marked: readonly CursorChange[]): void {
  for (const { repliesTo } of marked) {
    for (const origin of repliesTo) state.reply(conversation.slot, origin, { type: 'done' })
  }
  const items = marked.map(({ user, delivered, read, time }) => ({ user, delivered, read, time }))
  const frame: NodeLinkFrame = { t: 'marks', conversation: conversation.id, items }
  for (const link of conversation.subscribers?.keys() ?? []) state.effects.push({ type: 'send', link, frame })
}

/** The view has a conversation's messages up to `upTo`: they need not stay in memory. */
export function trim(conversation: Conversation, upTo: Seq, windowMessages: number): void {
  if (upTo > conversation.materialised) conversation.materialised = upTo
  conversation.forgotten = stillToForget(conversation.forgotten, conversation.materialised)
  let covered = 0
  while (covered < conversation.tail.length && conversation.tail[covered]!.last <= upTo) covered++
  if (covered > 0) conversation.tail.splice(0, covered)
  // A view of a few bytes would keep the whole buffer of its flush alive.
  const { last } = conversation
  if (last !== undefined && last.buffer.byteLength > last.length) conversation.last = last.slice()
  // The window keeps every id that the view does not have: a repeat must find the one or the other.
  let surplus = conversation.window.size - windowMessages
  for (const [key, seq] of conversation.window) {
    if (surplus-- <= 0 || seq > conversation.materialised) break
    conversation.window.delete(key)
  }
}
