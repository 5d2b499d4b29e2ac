import type { Epoch, Millis, NotedFrame, Offset, Slot, SlotRow, WantFrame } from '@chat4all/protocol'
import type { Conversation } from './conversation.js'
import type { LinkId } from './effects.js'
import { hasElapsed } from './elapsed.js'
import { admit, requestBytes } from './requests.js'
import { isRefused, type Leaving, type ShardState } from './state.js'

/**
 * How a slot leaves this node by its consent (design §6): let the view catch up; have the other note in its log how far
 * it follows this one; hold what comes, let what is under way commit and reach the view; then consent to one move:
 * (epoch, this log) → the node that wants the slot. From then on nobody serves it until that node says that it has the
 * slot, or this one has taken it back by compare-and-set.
 *
 * The accident it prevents: a new owner that starts from a view in which a committed message is missing, and gives its
 * seq to another.
 */
export function beginLeaving(state: ShardState, link: LinkId, { slot, node }: WantFrame, now: Millis): void {
  const known = state.leaving.get(slot)
  if (known !== undefined) {
    if (known.to !== node) return
    known.link = link
    // It asks again: what it was told was lost with a link.
    if (known.stage === 'noting') announce(state, known, known.announced, now)
    if (known.stage === 'offered') tell(state, known, 'consent')
    return
  }
  if (!state.serves(slot) || node === state.config.node || state.leaving.size >= state.config.leavingMax) return
  state.leaving.set(slot, {
    slot,
    to: node,
    link,
    stage: 'warming',
    until: state.pipeline.nextOffset,
    announced: 0 as Offset,
    lastEntry: -1 as Offset,
    settled: false,
    unsettled: [],
    held: [],
    announcedAt: 0 as Millis,
    heldSince: 0 as Millis,
    offeredAt: 0 as Millis,
    whenOver: [],
  })
}

/** The other's log says that it follows this one: now the slot is held. */
export function holdLeaving(state: ShardState, link: LinkId, { slot, epoch }: NotedFrame, now: Millis): void {
  const leaving = state.leaving.get(slot)
  if (leaving?.stage !== 'noting' || leaving.link !== link || state.epochs[slot] !== epoch) return
  leaving.stage = 'draining'
  leaving.heldSince = now
  leaving.unsettled = conversationsOf(state, slot)
}

/** Slots that wait for the view to catch up. */
export function slotsToWrite({ leaving }: ShardState): Set<Slot> {
  const slots = new Set<Slot>()
  for (const { slot, stage, settled } of leaving.values()) {
    if (stage === 'warming' || (stage === 'draining' && settled)) slots.add(slot)
  }
  return slots
}

/** Takes each leaving slot as far as it can go. Returns those that nobody took: they are to be taken back. */
export function continueLeaving(state: ShardState, now: Millis): Slot[] {
  const overdue: Slot[] = []
  for (const leaving of state.leaving.values()) {
    const gone = !state.links.has(leaving.link)
    const warm = state.materialiser.has(leaving.slot, leaving.until) || !state.rules.handoffWaits
    if (leaving.stage === 'warming' && warm) {
      leaving.stage = 'noting'
      for (const { lastEntry } of conversationsOf(state, leaving.slot)) {
        if (lastEntry > leaving.lastEntry) leaving.lastEntry = lastEntry as Offset
      }
      announce(state, leaving, state.pipeline.committed, now)
    }
    if (leaving.stage === 'draining') drain(state, leaving, now)
    if (leaving.stage === 'offered') {
      if (!gone && !hasElapsed(state.config.offerMs, leaving.offeredAt, now)) continue
      leaving.stage = 'reclaiming'
      overdue.push(leaving.slot)
    } else if (leaving.stage !== 'reclaiming' && (gone || isOverdue(state, leaving, now)))
      stay(state, leaving.slot, now)
  }
  return overdue
}

/** Requests are held, and answers waited for, no longer than the other waits for an answer. */
function isOverdue({ config }: ShardState, { stage, announcedAt, heldSince }: Leaving, now: Millis): boolean {
  if (stage === 'noting') return hasElapsed(config.wantMs, announcedAt, now)
  return stage === 'draining' && hasElapsed(config.wantMs, heldSince, now)
}

/** Those in memory. There may be a hundred thousand of other slots: they are looked at, not copied. */
function conversationsOf({ conversations }: ShardState, slot: Slot): Conversation[] {
  const found: Conversation[] = []
  for (const conversation of conversations.values()) if (conversation.slot === slot) found.push(conversation)
  return found
}

function drain(state: ShardState, leaving: Leaving, now: Millis): void {
  if (state.rules.handoffWaits) {
    if (!leaving.settled) {
      leaving.unsettled = leaving.unsettled.filter((conversation) => !isQuiet(state, conversation))
      leaving.settled = leaving.unsettled.length === 0
      if (!leaving.settled) return
      // Nothing of the slot comes behind this, however busy others keep the log. Most often nothing came meanwhile, and
      // what was noted holds.
      const { announced, lastEntry } = leaving
      leaving.until = lastEntry < announced || !state.rules.consentCoversAll ? announced : state.pipeline.committed
      if (leaving.until !== announced) announce(state, leaving, leaving.until, now)
    }
    if (!state.materialiser.has(leaving.slot, leaving.until)) return
  } else leaving.until = state.pipeline.nextOffset
  leaving.stage = 'offered'
  leaving.offeredAt = now
  tell(state, leaving, 'consent')
}

/** Nothing of it waits for the log, for a check of the seal or for an answer of the view. */
function isQuiet({ pipeline }: ShardState, conversation: Conversation): boolean {
  return (
    conversation.status !== 'loading' &&
    !conversation.dirty &&
    conversation.lastEntry < pipeline.committed &&
    conversation.waiting === undefined &&
    !conversation.finding &&
    conversation.holds === 0
  )
}

function announce(state: ShardState, leaving: Leaving, end: Offset, now: Millis): void {
  leaving.announced = end
  leaving.announcedAt = now
  tell(state, leaving, 'ends', end)
}

function tell(state: ShardState, { slot, link, until }: Leaving, t: 'ends' | 'consent', end = until): void {
  const epoch = state.epochs[slot] as Epoch
  state.effects.push({ type: 'send', link, frame: { t, slot, epoch, log: state.pipeline.log, end } })
}

/** The slot has another owner: whoever wants something of it goes there. */
export function leave(state: ShardState, { slot, epoch, node }: SlotRow, now: Millis): void {
  const leaving = state.leaving.get(slot)
  if (leaving !== undefined) {
    const pauseMs = state.held(slot) === undefined ? 0 : Math.max(0, now - leaving.heldSince)
    state.leaving.delete(slot)
    for (const { frame } of leaving.held) state.pendingBytes -= requestBytes(frame)
    state.effects.push({ type: 'handed-over', slot, to: node, pauseMs })
  }
  state.epochs[slot] = 0
  state.owners[slot] = node
  state.ownerEpochs[slot] = epoch
  for (const link of state.links.values()) state.bounce(link, slot, 0, 'not_owner')
  for (const conversation of conversationsOf(state, slot)) forget(state, conversation)
  for (const then of leaving?.whenOver ?? []) then()
}

/** What is known of it may be old from here on. */
export function forget(state: ShardState, conversation: Conversation): void {
  if (state.rules.reloadAfterRegain) state.conversations.delete(conversation.id)
  for (const link of conversation.subscribers?.keys() ?? []) state.links.get(link)?.conversations.delete(conversation)
  conversation.subscribers = undefined
  const { whenLoaded } = conversation
  conversation.whenLoaded = undefined
  for (const then of whenLoaded ?? []) then()
}

/** The slot stays after all: what was held is served, in order. */
export function stay(state: ShardState, slot: Slot, now: Millis): void {
  const leaving = state.leaving.get(slot)
  if (leaving === undefined) return
  state.leaving.delete(slot)
  for (const { link, frame } of leaving.held) {
    state.pendingBytes -= requestBytes(frame)
    const from = state.links.get(link)
    const pipe = from?.slots.get(slot)
    if (from !== undefined && pipe !== undefined && !isRefused(pipe, frame.attempt, frame.n)) {
      admit(state, from, frame, now)
    }
  }
  for (const then of leaving.whenOver) then()
}
