import {
  type ChangeFrame,
  type MarkFrame,
  type Millis,
  messageKey,
  type OpenFrame,
  type PostFrame,
  Reader,
  type RequestFrame,
  type Seq,
  type StoredPayload,
  sealedMessage,
  storedPayload,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import { changeOf, isRefusal } from './change-rules.js'
import {
  type Conversation,
  cursorOf,
  infoFor,
  isMember,
  type MembershipChange,
  type Origin,
  type Post,
  putMember,
  type Repeatable,
} from './conversation.js'
import { postBytes } from './flush.js'
import { putChange } from './membership.js'
import { askForMessage, messageInTail } from './one-message.js'
import { answerInspect, answerRead, answerRoster, answerSubscribe } from './reads.js'
import { isRefused, type LinkState, type ShardState } from './state.js'
import { answerStatus } from './status.js'

/**
 * Requests of edges, from the link to the place where the next flush takes them. A conversation's requests are served
 * in the order in which they came, also when its data must be read first.
 */
export function request(state: ShardState, link: LinkState, frame: RequestFrame, now: Millis): void {
  const { slot, attempt } = frame
  let pipe = link.slots.get(slot)
  if (pipe === undefined) {
    pipe = { attempt, refusedAttempt: -1, refusedFrom: 0 }
    link.slots.set(slot, pipe)
  } else {
    if (isRefused(pipe, attempt, frame.n)) return
    pipe.attempt = attempt
  }
  admit(state, link, frame, now)
}

/** Takes a request of the attempt that its pipeline is at. */
export function admit(state: ShardState, link: LinkState, frame: RequestFrame, now: Millis): void {
  const { slot } = frame
  if (!state.serves(slot)) return state.bounce(link, slot, frame.n, 'not_owner')
  const lags =
    state.pendingBytes > state.config.pendingBytesMax || state.materialiser.lagBytes > state.config.viewLagBytesMax
  if (lags) return state.bounce(link, slot, frame.n, 'busy')

  const leaving = state.held(slot)
  if (leaving !== undefined) {
    leaving.held.push({ link: link.id, frame })
    state.pendingBytes += requestBytes(frame)
    return
  }
  const conversation = state.conversation(frame.conversation, now)
  if (conversation.status === 'loading' || conversation.finding || conversation.waiting !== undefined) {
    conversation.waiting ??= []
    conversation.waiting.push({ link: link.id, frame })
    state.pendingBytes += requestBytes(frame)
    return
  }
  serve(state, conversation, link, frame, now)
}

/** An estimate that is the same when a request begins to wait and when it is served. */
export function requestBytes(frame: RequestFrame): number {
  return frame.t === 'post' ? frame.payload.length + (frame.extras?.length ?? 0) + 64 : 64
}

/** Drops what waited for a view that failed; the edge sends it again. */
export function bounceWaiting(state: ShardState, conversation: Conversation): void {
  for (const { link, frame } of conversation.waiting ?? []) {
    state.pendingBytes -= requestBytes(frame)
    state.bounceBusy(frame.slot, { link, attempt: frame.attempt, n: frame.n })
  }
  conversation.waiting = undefined
}

/** Serves what waited for the view, until something has to be looked up again. */
export function serveWaiting(state: ShardState, conversation: Conversation, now: Millis): void {
  const { waiting } = conversation
  if (waiting === undefined) return
  let served = 0
  for (const { link, frame } of waiting) {
    if (conversation.finding) break
    served++
    state.pendingBytes -= requestBytes(frame)
    const from = state.links.get(link)
    const pipe = from?.slots.get(frame.slot)
    if (from !== undefined && pipe !== undefined && !isRefused(pipe, frame.attempt, frame.n))
      serve(state, conversation, from, frame, now)
  }
  if (served === waiting.length) conversation.waiting = undefined
  else waiting.splice(0, served)
}

function serve(state: ShardState, conversation: Conversation, link: LinkState, frame: RequestFrame, now: Millis): void {
  const origin: Origin = { link: link.id, n: frame.n, attempt: frame.attempt }
  if (frame.t === 'open') return open(state, conversation, frame, origin, now)
  // Also in an erased conversation a repeat is told its seq: the erasure itself may be the one.
  const isGone = conversation.erased && frame.t !== 'post' && frame.t !== 'change'
  if (conversation.status !== 'ready' || conversation.data.app !== frame.app || isGone)
    return state.refuse(frame.slot, origin, 'NOT_FOUND')
  switch (frame.t) {
    case 'post':
      return repeatable(state, conversation, frame, origin, now)
    case 'change':
      return repeatable(state, conversation, frame, origin, now)
    case 'mark':
      return mark(state, conversation, frame, origin, now)
    case 'subscribe':
      return answerSubscribe(state, conversation, frame, origin, now)
    case 'read':
      return answerRead(state, conversation, frame, origin, now)
    case 'inspect':
      return answerInspect(state, conversation, frame, origin, now)
    case 'roster':
      return answerRoster(state, conversation, frame, origin)
    case 'status':
      return answerStatus(state, conversation, frame, origin)
  }
}

// --- messages and changes of members: what carries a message_id -----------------------------------------------------

function repeatable(
  state: ShardState,
  conversation: Conversation,
  frame: Repeatable,
  origin: Origin,
  now: Millis,
): void {
  const key = messageKey(frame.message_id)
  const known = conversation.window.get(key)
  if (known !== undefined) return repeated(state, conversation, known, frame, origin)
  // A message that its sender first sent when it had seen `seen` was not stored at or before that seq. The window holds
  // the ids of the newest seqs without a hole: where it reaches back to `seen`, the view cannot know more.
  const seen = frame.seen ?? 0
  // A seq that does not exist yet was seen of another history (before a backup was restored): it tells nothing here.
  const notSeen = seen <= conversation.assigned ? conversation.assigned - seen : conversation.assigned
  if (conversation.window.size >= notSeen || !state.rules.lookUpForgotten)
    return accept(state, conversation, key, frame, origin, now)

  conversation.finding = true
  const token = state.question<Seq | undefined | 'failed'>((seq) => {
    conversation.finding = false
    state.unblocked.push(conversation)
    if (seq === 'failed') {
      const link = state.links.get(origin.link)
      if (link !== undefined) state.bounce(link, frame.slot, frame.n, 'busy')
    } else if (seq !== undefined) repeated(state, conversation, seq, frame, origin)
    else accept(state, conversation, key, frame, origin, now)
  })
  state.effects.push({ type: 'find', conversation: conversation.id, messageId: frame.message_id, token })
}

/** The id was used before: the same message gets its seq again, another one is a CONFLICT. */
function repeated(state: ShardState, conversation: Conversation, seq: Seq, frame: Repeatable, origin: Origin): void {
  const onTheWay = conversation.uncommitted.find((post) => post.seq === seq)
  if (onTheWay !== undefined) {
    if (!same(onTheWay, frame)) return refuseConflict(state, conversation, frame, origin)
    onTheWay.repeats ??= []
    onTheWay.repeats.push(origin)
    return
  }
  const answer = (bytes: Uint8Array | undefined) => {
    // Its content has expired or is erased: nothing is left to compare, the seq stays its seq.
    const stored = bytes === undefined ? undefined : sealedMessage.read(new Reader(bytes))
    if (stored !== undefined && !saysNothing(stored) && !same(stored, frame))
      return refuseConflict(state, conversation, frame, origin)
    state.effects.push({
      type: 'send',
      link: origin.link,
      frame: {
        t: 'acks',
        slot: conversation.slot,
        items: [{ n: origin.n, seq, time: stored?.time ?? conversation.data.created }],
      },
    })
  }
  const fromTail = messageInTail(conversation, seq)
  if (fromTail !== undefined) return answer(fromTail)
  askForMessage(state, conversation, seq, (bytes) => {
    if (bytes !== 'failed') return answer(bytes)
    const link = state.links.get(origin.link)
    if (link !== undefined) state.bounce(link, frame.slot, frame.n, 'busy')
  })
}

/** Who is not a member is not told which message_ids were used. */
function refuseConflict(state: ShardState, conversation: Conversation, frame: Repeatable, origin: Origin): void {
  const visible =
    (frame.t === 'change' && frame.service) || isMember(conversation, frame.t === 'post' ? frame.from : frame.by)
  state.refuse(conversation.slot, origin, visible ? 'CONFLICT' : 'NOT_FOUND')
}

function saysNothing({ payload }: { readonly payload: Uint8Array }): boolean {
  return storedPayload.read(new Reader(payload)).type === 'erased'
}

function same(stored: { readonly from: string; readonly payload: Uint8Array }, frame: Repeatable): boolean {
  if (frame.t === 'post') return stored.from === frame.from && equal(stored.payload, frame.payload)
  if (stored.from !== frame.by) return false
  const payload = storedPayload.read(new Reader(stored.payload))
  // What was effective then may be less than what is asked: a change is the same when it asks for nothing else.
  if (payload.type !== 'membership') return false
  if (payload.erased === true || frame.erase === true) return payload.erased === frame.erase
  return (
    within(payload.added, frame.add) &&
    within(payload.removed, frame.remove) &&
    within(payload.promoted ?? [], frame.promote ?? []) &&
    within(payload.demoted ?? [], frame.demote ?? []) &&
    sameLabels(payload.metadata, frame.metadata) &&
    payload.forgotten === frame.forget
  )
}

type Labels = Readonly<Record<string, string>> | undefined

function sameLabels(a: Labels, b: Labels): boolean {
  if (a === undefined || b === undefined) return a === b
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

function within(done: readonly string[], asked: readonly string[]): boolean {
  return done.every((user) => asked.includes(user))
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function accept(
  state: ShardState,
  conversation: Conversation,
  key: string,
  frame: Repeatable,
  origin: Origin,
  now: Millis,
): void {
  if (frame.t === 'post') acceptPost(state, conversation, key, frame, origin, now)
  else acceptChange(state, conversation, key, frame, origin, now)
}

function acceptPost(
  state: ShardState,
  conversation: Conversation,
  key: string,
  frame: PostFrame,
  origin: Origin,
  now: Millis,
): void {
  if (!isMember(conversation, frame.from)) return state.refuse(conversation.slot, origin, 'NOT_FOUND')
  const ttl = frame.ttl ?? conversation.data.ttl
  assign(state, conversation, key, {
    message_id: frame.message_id,
    from: frame.from,
    payload: frame.payload,
    extras: frame.extras,
    trace: frame.trace,
    ttl,
    origin,
    membership: undefined,
    now,
  })
}

interface Assignment {
  readonly message_id: Uint8Array
  readonly from: Post['from']
  readonly payload: Uint8Array
  readonly extras: Uint8Array | undefined
  readonly trace: string | undefined
  readonly ttl: number | undefined
  readonly origin: Origin | undefined
  readonly membership: MembershipChange | undefined
  readonly now: Millis
}

/** Gives the next seq. From here on the message is in the log, or the node is deposed. */
function assign(state: ShardState, conversation: Conversation, key: string, of: Assignment): void {
  const seq = (conversation.assigned + 1) as Seq
  // Clocks step back; the times within a conversation do not.
  const time = Math.max(of.now, conversation.lastTime) as Millis
  const post: Post = {
    seq,
    message_id: of.message_id,
    from: of.from,
    time,
    payload: of.payload,
    expires: of.ttl === undefined ? undefined : ((time + of.ttl * 1000) as Millis),
    extras: of.extras,
    trace: of.trace,
    origin: of.origin,
    repeats: undefined,
    membership: of.membership,
  }
  conversation.assigned = seq
  conversation.lastTime = time
  conversation.window.set(key, seq)
  conversation.posts.push(post)
  conversation.uncommitted.push(post)
  state.pendingBytes += postBytes(post)
  state.touch(conversation)
}

const payloadWriter = new Writer()

function acceptChange(
  state: ShardState,
  conversation: Conversation,
  key: string,
  frame: ChangeFrame,
  origin: Origin,
  now: Millis,
): void {
  const change = changeOf(conversation, frame, state.config.membersMax)
  if (isRefusal(change)) return state.refuse(conversation.slot, origin, ...change)
  assignChange(state, conversation, key, change, { message_id: frame.message_id, from: frame.by, origin, now })
}

function assignChange(
  state: ShardState,
  conversation: Conversation,
  key: string,
  change: MembershipChange,
  of: Pick<Assignment, 'message_id' | 'from' | 'origin' | 'now'>,
): void {
  const { added, removed, ...others } = change
  const payload: StoredPayload = {
    type: 'membership',
    ...(others as Partial<Extract<StoredPayload, { type: 'membership' }>>),
    added: [...added],
    removed: [...removed],
  }
  storedPayload.write(payloadWriter, payload)
  const bytes = payloadWriter.take().slice()
  assign(state, conversation, key, {
    ...of,
    payload: bytes,
    extras: undefined,
    trace: undefined,
    ttl: undefined,
    membership: change,
  })
  putChange(conversation, change, conversation.assigned)
}

// --- conversations ---------------------------------------------------------------------------------------------------

function open(state: ShardState, conversation: Conversation, frame: OpenFrame, origin: Origin, now: Millis): void {
  const { slot } = conversation
  if (conversation.status === 'ready' && !(conversation.erased && conversation.data.app === frame.app)) {
    const visible = conversation.data.app === frame.app && (frame.as === undefined || isMember(conversation, frame.as))
    if (!visible) return state.refuse(slot, origin, 'NOT_FOUND')
    if (conversation.creation !== undefined) {
      conversation.creation.repliesTo.push({ origin, as: frame.as })
      return
    }
    state.pipeline.barrier(() =>
      state.reply(slot, origin, { type: 'opened', info: infoFor(conversation, frame.as), created: false }),
    )
    return
  }
  const members = [...new Set(frame.members)]
  if (frame.type === 'private' && members.length !== 2) {
    return state.refuse(slot, origin, 'INVALID', 'a private conversation has exactly two members')
  }
  if (members.length === 0) return state.refuse(slot, origin, 'INVALID', 'a conversation has at least one member')
  if (conversation.status === 'ready') return reopen(state, conversation, frame, members, origin, now)
  conversation.status = 'ready'
  conversation.data = { app: frame.app, type: frame.type, created: now, metadata: frame.metadata, ttl: frame.ttl }
  const admins = new Set(frame.admins)
  for (const user of members) {
    putMember(conversation, { user, role: admins.has(user) ? 'admin' : 'member', present: true, version: 0 as Seq })
  }
  conversation.creation = {
    members,
    admins: members.filter((user) => admins.has(user)),
    repliesTo: [{ origin, as: frame.as }],
  }
  state.touch(conversation)
}

/** Of a conversation that was erased nothing is left but its id and its seqs, which go on. */
function reopen(
  state: ShardState,
  conversation: Conversation,
  frame: OpenFrame,
  members: readonly UserId[],
  origin: Origin,
  now: Millis,
): void {
  const messageId = reopeningId(conversation.assigned)
  const promoted = members.filter((user) => frame.admins.includes(user))
  const change: MembershipChange = {
    added: members,
    removed: [],
    ...(promoted.length > 0 && { promoted }),
    ...(frame.metadata !== undefined && { metadata: frame.metadata }),
  }
  assignChange(state, conversation, messageKey(messageId), change, {
    message_id: messageId,
    from: frame.as ?? members[0]!,
    origin: undefined,
    now,
  })
  const then = () =>
    state.reply(frame.slot, origin, { type: 'opened', info: infoFor(conversation, frame.as), created: true })
  state.pipeline.barrier(state.holding(conversation, then))
}

/** The id of a message that nobody sent: it follows from where it stands, and is a UUIDv8, which no client may choose. */
function reopeningId(seq: Seq): Uint8Array {
  const id = new Uint8Array(16)
  const view = new DataView(id.buffer)
  view.setUint32(0, 0x726f_7065)
  view.setUint16(6, 0x8000)
  view.setUint32(8, 0x8000_0000 + Math.floor(seq / 2 ** 32))
  view.setUint32(12, seq % 2 ** 32)
  return id
}

// --- cursors ---------------------------------------------------------------------------------------------------------

function mark(state: ShardState, conversation: Conversation, frame: MarkFrame, origin: Origin, now: Millis): void {
  const { slot } = conversation
  if (!isMember(conversation, frame.user)) return state.refuse(slot, origin, 'NOT_FOUND')
  const cursor = cursorOf(conversation, frame.user)
  // A cursor points at what exists: nobody has read what is not committed.
  const read = Math.min(Math.max(frame.read, cursor.read), conversation.head) as Seq
  const delivered = Math.min(Math.max(frame.delivered, cursor.delivered, read), conversation.head) as Seq
  const waiting = conversation.marked?.get(frame.user)
  if (delivered <= cursor.delivered && read <= cursor.read) {
    if (waiting !== undefined) waiting.repliesTo.push(origin)
    else state.pipeline.barrier(() => state.reply(slot, origin, { type: 'done' }))
    return
  }
  conversation.cursors.set(frame.user, { delivered, read })
  conversation.marked ??= new Map()
  if (waiting === undefined) {
    conversation.marked.set(frame.user, {
      user: frame.user,
      delivered,
      read,
      time: now,
      delivered_before: cursor.delivered,
      read_before: cursor.read,
      repliesTo: [origin],
    })
  } else {
    waiting.delivered = delivered
    waiting.read = read
    waiting.time = now
    waiting.repliesTo.push(origin)
  }
  state.touch(conversation)
}
