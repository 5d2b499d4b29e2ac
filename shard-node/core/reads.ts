import {
  type ConversationId,
  type InspectFrame,
  MEMBERS_LISTED_MAX,
  type Millis,
  type ReadFrame,
  type RosterFrame,
  type Seq,
  type StoredMessage,
  type SubscribeFrame,
  type UserId,
} from '@chat4all/protocol'
import { concatenate } from './concatenate.js'
import { type Conversation, infoFor, isMember, type Origin, type TailBatch, toldCursorOf } from './conversation.js'
import type { LinkId } from './effects.js'
import { hasElapsed } from './elapsed.js'
import { withoutForgotten } from './forgotten.js'
import type { LinkState, ShardState } from './state.js'

/**
 * Reads are fresh: each waits for a barrier, that is until all that was assigned before it came is committed and a
 * seal check that began after it came is clean. A deposed owner therefore never answers from old memory.
 */

export function answerSubscribe(
  state: ShardState,
  conversation: Conversation,
  frame: SubscribeFrame,
  origin: Origin,
  now: Millis,
): void {
  const then = () => {
    const link = state.links.get(origin.link)
    if (link === undefined || link.slots.get(frame.slot)?.attempt !== origin.attempt) return
    if (!isMember(conversation, frame.user)) return state.refuse(frame.slot, origin, 'NOT_FOUND')
    withFirst(state, conversation, now, () => subscribed(state, conversation, link, frame, origin))
  }
  if (state.rules.readsAfterCheck) state.pipeline.barrier(state.holding(conversation, then))
  else then()
}

function subscribed(
  state: ShardState,
  conversation: Conversation,
  link: LinkState,
  frame: SubscribeFrame,
  origin: Origin,
): void {
  const online = onlineUsers(conversation)
  conversation.subscribers ??= new Map()
  let users = conversation.subscribers.get(link.id)
  if (users === undefined) {
    users = new Set()
    conversation.subscribers.set(link.id, users)
    link.conversations.add(conversation)
  }
  users.add(frame.user)
  // Head is read in the same step in which the subscription begins: nothing falls between the two.
  state.reply(frame.slot, origin, {
    type: 'subscribed',
    head: conversation.head,
    first: conversation.first,
    online: showsPresence(conversation) ? [...online] : [],
  })
  if (!online.has(frame.user)) tellPresence(state, conversation, frame.user, true, link.id)
}

export function unsubscribe(state: ShardState, link: LinkState, id: ConversationId, user: UserId): void {
  const conversation = state.conversations.get(id)
  const users = conversation?.subscribers?.get(link.id)
  if (conversation === undefined || users === undefined || !users.delete(user)) return
  if (users.size === 0) {
    conversation.subscribers!.delete(link.id)
    link.conversations.delete(conversation)
  }
  if (!onlineUsers(conversation).has(user)) tellPresence(state, conversation, user, false, link.id)
}

/** All subscriptions of a link that is gone. */
export function unsubscribeAll(state: ShardState, link: LinkState): void {
  for (const conversation of link.conversations) {
    const users = conversation.subscribers?.get(link.id)
    conversation.subscribers?.delete(link.id)
    const online = onlineUsers(conversation)
    for (const user of users ?? []) if (!online.has(user)) tellPresence(state, conversation, user, false, link.id)
  }
  link.conversations.clear()
}

function showsPresence(conversation: Conversation): boolean {
  return conversation.memberCount <= MEMBERS_LISTED_MAX
}

function onlineUsers(conversation: Conversation): Set<UserId> {
  const online = new Set<UserId>()
  if (!showsPresence(conversation)) return online
  for (const users of conversation.subscribers?.values() ?? []) for (const user of users) online.add(user)
  return online
}

function tellPresence(
  state: ShardState,
  conversation: Conversation,
  user: UserId,
  online: boolean,
  from: LinkId,
): void {
  if (!showsPresence(conversation)) return
  const frame = { t: 'present', conversation: conversation.id, user, online } as const
  for (const [link, users] of conversation.subscribers ?? []) {
    if (link !== from || users.size > 1 || !online) state.effects.push({ type: 'send', link, frame })
  }
}

/** Typing goes to the edges that subscribe, and nowhere else; it is never stored. */
export function signal(state: ShardState, id: ConversationId, user: UserId, on: boolean): void {
  const conversation = state.conversations.get(id)
  if (conversation === undefined || !isMember(conversation, user)) return
  const frame = { t: 'signalled', conversation: id, user, on } as const
  for (const link of conversation.subscribers?.keys() ?? []) state.effects.push({ type: 'send', link, frame })
}

export function answerInspect(
  state: ShardState,
  conversation: Conversation,
  frame: InspectFrame,
  origin: Origin,
  now: Millis,
): void {
  const then = () => {
    if (frame.user !== undefined && !isMember(conversation, frame.user))
      return state.refuse(frame.slot, origin, 'NOT_FOUND')
    withFirst(state, conversation, now, () => {
      state.reply(frame.slot, origin, { type: 'info', info: infoFor(conversation, frame.user) })
    })
  }
  state.pipeline.barrier(state.holding(conversation, then))
}

export function answerRoster(state: ShardState, conversation: Conversation, frame: RosterFrame, origin: Origin): void {
  const then = () => {
    if (frame.user !== undefined && !isMember(conversation, frame.user))
      return state.refuse(frame.slot, origin, 'NOT_FOUND')
    const { after = '', limit } = frame
    const all = [...conversation.members.values()].filter(({ present, user }) => present && user > after)
    all.sort((a, b) => (a.user < b.user ? -1 : 1))
    const members = all.slice(0, limit)
    state.reply(frame.slot, origin, {
      type: 'roster',
      members: members.map(({ user, role }) => ({ user, role, ...toldCursorOf(conversation, user) })),
      more: all.length > members.length,
    })
  }
  state.pipeline.barrier(state.holding(conversation, then))
}

// --- pages of history ------------------------------------------------------------------------------------------------

export function answerRead(
  state: ShardState,
  conversation: Conversation,
  frame: ReadFrame,
  origin: Origin,
  now: Millis,
): void {
  const then = () => {
    if (frame.user !== undefined && !isMember(conversation, frame.user))
      return state.refuse(frame.slot, origin, 'NOT_FOUND')
    readPage(state, conversation, frame, origin, now)
  }
  if (state.rules.readsAfterCheck) state.pipeline.barrier(state.holding(conversation, then))
  else then()
}

function readPage(state: ShardState, conversation: Conversation, frame: ReadFrame, origin: Origin, now: Millis): void {
  const { head } = conversation
  const upwards = frame.since !== undefined
  const limit = Math.max(1, frame.limit)
  const after = Math.min(frame.since ?? 0, head) as Seq
  const before = (upwards ? head + 1 : Math.min(Math.max(frame.before ?? head + 1, 1), head + 1)) as Seq
  // Batches are never changed, so this is a snapshot of what the view may not have yet.
  const tail = conversation.tail.slice()
  const tailFirst = tail[0]?.first ?? ((head + 1) as Seq)
  const { forgotten } = conversation
  const answer = (fromView: readonly StoredMessage[]) => {
    // What was erased a moment ago may be there still. All that followed is in the tail then.
    const all = [...fromView.filter(({ seq }) => seq < tailFirst), ...tailMessages(tail, after, before, now)]
      .filter(({ seq }) => seq >= conversation.first)
      .map((message) => withoutForgotten(message, forgotten))
    const found = upwards ? all.slice(0, limit) : all.slice(-limit)
    const exhausted = found.length < limit
    const lowest = found[0]?.seq
    const highest = found.at(-1)?.seq
    if (upwards && after + 1 >= conversation.first) raiseFirst(conversation, after, lowest, head)
    state.reply(frame.slot, origin, {
      type: 'page',
      after: upwards ? after : exhausted ? ((Math.min(conversation.first, before) - 1) as Seq) : ((lowest! - 1) as Seq),
      upto: upwards ? (exhausted ? head : highest!) : ((before - 1) as Seq),
      first: conversation.first,
      head,
      count: found.length,
      messages: concatenate(found.map(({ bytes }) => bytes)),
    })
  }
  const inTail = upwards ? after + 1 >= tailFirst : countBelow(tail, before) >= limit
  if (inTail) return answer([])
  const token = state.question<readonly StoredMessage[] | 'failed'>((messages) => {
    const link = state.links.get(origin.link)
    if (messages !== 'failed') answer(messages)
    else if (link !== undefined) state.bounce(link, frame.slot, frame.n, 'busy')
  })
  const newestFirst = !upwards
  state.effects.push({ type: 'read-messages', token, conversation: conversation.id, after, before, limit, newestFirst })
}

function countBelow(tail: readonly TailBatch[], before: Seq): number {
  let count = 0
  for (const batch of tail) if (batch.first < before) count += Math.min(batch.last + 1, before) - batch.first
  return count
}

function tailMessages(tail: readonly TailBatch[], after: Seq, before: Seq, now: Millis): StoredMessage[] {
  const found: StoredMessage[] = []
  for (const batch of tail) {
    if (batch.last <= after || batch.first >= before) continue
    let start = 0
    for (let i = 0; i < batch.lengths.length; i++) {
      const end = start + batch.lengths[i]!
      const seq = (batch.first + i) as Seq
      const expires = batch.expires?.[i] ?? 0
      if (seq > after && seq < before && (expires === 0 || expires > now))
        found.push({ seq, bytes: batch.bytes.subarray(start, end) })
      start = end
    }
  }
  return found
}

// --- the lowest seq that still exists --------------------------------------------------------------------------------

/** What a read from the first message on found missing at its beginning has expired. */
function raiseFirst(conversation: Conversation, after: Seq, lowest: Seq | undefined, head: Seq): void {
  const first = lowest ?? head + 1
  if (after < first - 1 && first > conversation.first) conversation.first = first as Seq
}

/** Runs `then` when `first` is fresh: messages with a time to live vanish without anyone writing. */
function withFirst(state: ShardState, conversation: Conversation, now: Millis, then: () => void): void {
  const asked = conversation.firstAskedAt
  if (conversation.materialised === 0 || !hasElapsed(state.config.firstFreshMs, asked, now)) return then()
  const { materialised } = conversation
  const token = state.question(
    state.holding(conversation, (messages: readonly StoredMessage[] | 'failed') => {
      if (messages !== 'failed') {
        const lowest = messages[0]?.seq ?? ((materialised + 1) as Seq)
        if (lowest > conversation.first) conversation.first = lowest
        conversation.firstAskedAt = now
      }
      then()
    }),
  )
  state.effects.push({
    type: 'read-messages',
    token,
    conversation: conversation.id,
    after: (conversation.first - 1) as Seq,
    before: (materialised + 1) as Seq,
    limit: 1,
    newestFirst: false,
  })
}
