import {
  MEMBERS_LISTED_MAX,
  type Millis,
  message,
  messageKey,
  Reader,
  type Seq,
  type StatusFrame,
  type StoredReceipt,
  type StoredRise,
  type UserId,
} from '@chat4all/protocol'
import { type Conversation, isMember, type Origin, toldCursorOf } from './conversation.js'
import { withoutForgotten } from './forgotten.js'
import { askForMessage, messageInTail } from './one-message.js'
import type { ShardState } from './state.js'

/**
 * Who has a message, since when. Cursors tell who has it, the view since when; rises that the view does not have yet are
 * remembered until it does. Fresh as every read: it waits for a barrier.
 */
export function answerStatus(state: ShardState, conversation: Conversation, frame: StatusFrame, origin: Origin): void {
  const isVisible = () => frame.user === undefined || isMember(conversation, frame.user)
  const then = () => {
    if (!isVisible()) return state.refuse(frame.slot, origin, 'NOT_FOUND')
    const known = conversation.window.get(messageKey(frame.message_id))
    if (known !== undefined) return readMessage(state, conversation, known, frame, origin)
    const token = state.question(
      state.holding(conversation, (seq: Seq | undefined | 'failed') => {
        if (seq === 'failed') return state.bounceBusy(frame.slot, origin)
        if (seq === undefined) return state.refuse(frame.slot, origin, 'NOT_FOUND')
        readMessage(state, conversation, seq, frame, origin)
      }),
    )
    state.effects.push({ type: 'find', conversation: conversation.id, messageId: frame.message_id, token })
  }
  state.pipeline.barrier(state.holding(conversation, then))
}

function readMessage(
  state: ShardState,
  conversation: Conversation,
  seq: Seq,
  frame: StatusFrame,
  origin: Origin,
): void {
  // What was erased a moment ago may be there still.
  if (seq < conversation.first) return state.refuse(frame.slot, origin, 'NOT_FOUND')
  const { forgotten } = conversation
  const tell = (bytes: Uint8Array) =>
    readReceipts(state, conversation, seq, withoutForgotten({ seq, bytes }, forgotten).bytes, frame, origin)
  const fromTail = messageInTail(conversation, seq)
  if (fromTail !== undefined) return tell(fromTail)
  const then = (bytes: Uint8Array | undefined | 'failed') => {
    if (bytes === 'failed') return state.bounceBusy(frame.slot, origin)
    if (bytes === undefined) return state.refuse(frame.slot, origin, 'NOT_FOUND')
    tell(bytes)
  }
  askForMessage(state, conversation, seq, state.holding(conversation, then))
}

function readReceipts(
  state: ShardState,
  conversation: Conversation,
  seq: Seq,
  bytes: Uint8Array,
  frame: StatusFrame,
  origin: Origin,
): void {
  const found = message.read(new Reader(bytes))
  if (conversation.memberCount > MEMBERS_LISTED_MAX) {
    return state.reply(frame.slot, origin, { type: 'status', message: found })
  }
  const users = [...conversation.members.values()]
    .filter(({ present, user }) => present && user !== found.from)
    .map(({ user }) => user)
  const recent = conversation.recentRises.filter(({ upto }) => upto >= seq)
  const token = state.question(
    state.holding(conversation, (receipts: readonly StoredReceipt[] | 'failed') => {
      if (receipts === 'failed') return state.bounceBusy(frame.slot, origin)
      state.reply(frame.slot, origin, {
        type: 'status',
        message: found,
        receipts: receipts.map((receipt) => completed(conversation, seq, receipt, recent)),
      })
    }),
  )
  state.effects.push({ type: 'read-receipts', token, conversation: conversation.id, seq, users })
}

/** The cursors say what is; what the view and memory do not know is only since when. */
function completed(
  conversation: Conversation,
  seq: Seq,
  { user, delivered, read }: StoredReceipt,
  recent: readonly StoredRise[],
): StoredReceipt {
  const cursor = toldCursorOf(conversation, user)
  const since = (kind: StoredRise['kind'], fromView: Millis | undefined): Millis | undefined =>
    cursor[kind] < seq ? undefined : (fromView ?? firstOf(recent, user, kind) ?? UNKNOWN)
  const [deliveredAt, readAt] = [since('delivered', delivered), since('read', read)]
  return {
    user,
    ...(deliveredAt !== undefined && { delivered: deliveredAt }),
    ...(readAt !== undefined && { read: readAt }),
  }
}

function firstOf(rises: readonly StoredRise[], user: UserId, kind: StoredRise['kind']): Millis | undefined {
  return rises.find((rise) => rise.user === user && rise.kind === kind)?.time
}

/** Of an answer: the member has it, and nobody knows since when. */
const UNKNOWN = 0 as Millis
