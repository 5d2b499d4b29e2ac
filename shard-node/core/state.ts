import {
  type Answer,
  type ConversationId,
  type Epoch,
  ERRORS,
  type ErrorCode,
  type LogId,
  MEMBERS_MAX,
  type Millis,
  type NodeId,
  type Offset,
  type RequestFrame,
  SLOTS,
  type Slot,
  slotOf,
} from '@chat4all/protocol'
import { type Conversation, emptyConversation, type Origin } from './conversation.js'
import type { Effect, LinkId } from './effects.js'
import type { FlushWork } from './flush.js'
import { FollowedLogs } from './followed-logs.js'
import { LogPipeline } from './log-pipeline.js'
import { Materialiser } from './materialiser.js'
import { ALL_RULES, type ShardRules } from './rules.js'

/** Bounds of a shard-node's core. Bytes, counts and milliseconds as the names say. */
export interface ShardConfig {
  readonly node: NodeId
  /** Design §4.2: an entry is at most so large … */
  readonly entryBytesMax: number
  /** … and holds at most so many messages. */
  readonly entryMessagesMax: number
  readonly entriesInFlightMax: number
  /** Embedded, one append at a time batches best; over a network, a second one hides the round trip. */
  readonly entriesInFlightEager: number
  /**
   * An entry that is not full follows the one before after this long. Over a network an entry costs far more than its
   * messages; who comes alone waits for nothing.
   */
  readonly gatherMs: number
  readonly checksInFlightMax: number
  /** Accepted and not flushed yet; past it BUSY. */
  readonly pendingBytesMax: number
  /** Committed and not in the view yet; past it BUSY: it is the time that a recovery takes. */
  readonly viewLagBytesMax: number
  readonly busyRetryAfterMs: number
  readonly materialiseAfterMs: number
  readonly materialiseBytes: number
  readonly cursorSaveMs: number
  /** message_ids kept per conversation beyond those that are not in the view yet. */
  readonly windowMessages: number
  readonly conversationsIdleMs: number
  readonly conversationsMax: number
  readonly firstFreshMs: number
  readonly membersMax: number
  /** Slots that other nodes are handing to this one at a time, at most; fewer while a slot takes longer than this … */
  readonly arrivingMax: number
  readonly arrivingQuickMs: number
  /** … and that this one is handing to others. */
  readonly leavingMax: number
  /** Planned moves wait until the members have been the same for so long. */
  readonly membersStableMs: number
  /** A slot asked for and not consented to is asked for anew. */
  readonly wantMs: number
  /** A consent that nobody took up is taken back. */
  readonly offerMs: number
  /** How often the slot table is read when nothing happens. */
  readonly readSlotsMs: number
}

export const SHARD_DEFAULTS: Omit<ShardConfig, 'node'> = {
  entryBytesMax: 64 * 1024,
  entryMessagesMax: 500,
  entriesInFlightMax: 4,
  entriesInFlightEager: 1,
  gatherMs: 0,
  checksInFlightMax: 4,
  pendingBytesMax: 16 * 1024 * 1024,
  viewLagBytesMax: 64 * 1024 * 1024,
  busyRetryAfterMs: 50,
  materialiseAfterMs: 100,
  materialiseBytes: 4 * 1024 * 1024,
  cursorSaveMs: 1_000,
  windowMessages: 128,
  conversationsIdleMs: 60_000,
  conversationsMax: 100_000,
  firstFreshMs: 1_000,
  membersMax: MEMBERS_MAX,
  arrivingMax: 8,
  arrivingQuickMs: 20,
  leavingMax: 256,
  membersStableMs: 1_000,
  wantMs: 5_000,
  offerMs: 2_000,
  readSlotsMs: 5_000,
}

/** What a link has used: where a bounce must be told, and which attempts are over. */
export interface LinkState {
  readonly id: LinkId
  readonly slots: Map<Slot, SlotPipe>
  readonly conversations: Set<Conversation>
}

/** The requests of one slot on one link (see edge/core: go-back-N). */
export interface SlotPipe {
  /** Highest attempt seen. */
  attempt: number
  /** Of this attempt … */
  refusedAttempt: number
  /** … nothing from this request on is taken; nor anything of an earlier attempt. */
  refusedFrom: number
}

/** A slot on its way to another node (leaving.ts). */
export interface Leaving {
  readonly slot: Slot
  readonly to: NodeId
  /** Where it was asked for. */
  link: LinkId
  /**
   * `warming`: served still, while the view catches up. `noting`: served still, while the other notes how far its log
   * follows this one. `draining`: requests are held. `offered`: the other may take it. `reclaiming`: nobody did, and it
   * is being taken back.
   */
  stage: 'warming' | 'noting' | 'draining' | 'offered' | 'reclaiming'
  /** Entries below must be in the view. */
  until: Offset
  /** What the other was told of where the slot ends … */
  announced: Offset
  /** … which is still so unless this entry, the last with something of the slot, stands behind it. */
  lastEntry: Offset
  /** All of the slot is committed, below `until`. */
  settled: boolean
  unsettled: Conversation[]
  readonly held: { readonly link: LinkId; readonly frame: RequestFrame }[]
  /** When it was told where the slot ends. */
  announcedAt: Millis
  heldSince: Millis
  offeredAt: Millis
  /** Lists of conversations that must know whether the slot is still here. */
  readonly whenOver: (() => void)[]
}

export function isRefused(pipe: SlotPipe, attempt: number, n: number): boolean {
  return attempt < pipe.refusedAttempt || (attempt === pipe.refusedAttempt && n >= pipe.refusedFrom)
}

/** A node's memory for one incarnation (one log), and the ways to speak to the world. */
export class ShardState {
  readonly config: ShardConfig
  readonly rules: ShardRules
  effects: Effect[] = []
  readonly links = new Map<LinkId, LinkState>()
  pipeline: LogPipeline<FlushWork, () => void>
  materialiser: Materialiser
  readonly conversations = new Map<ConversationId, Conversation>()
  /** What the next flush takes, in the order of first arrival. */
  dirty: Conversation[] = []
  pendingBytes = 0
  /** When the last entry was made. */
  flushedAt = 0 as Millis
  /** Epoch of each slot that this incarnation serves; 0: not served. */
  readonly epochs = new Uint32Array(SLOTS)
  readonly owners: (NodeId | undefined)[] = new Array(SLOTS).fill(undefined)
  readonly leaving = new Map<Slot, Leaving>()
  readonly followed = new FollowedLogs()
  /** Conversations whose look-up was answered: what waits behind it can be served. */
  readonly unblocked: Conversation[] = []
  private readonly answers = new Map<number, (outcome: unknown) => void>()
  private nextToken = 1

  constructor(config: ShardConfig, rules: ShardRules = ALL_RULES) {
    this.config = config
    this.rules = rules
    this.pipeline = new LogPipeline('' as LogId, config.checksInFlightMax, rules)
    this.materialiser = new Materialiser(config)
  }

  /** Forgets everything that belonged to the last incarnation, but the links. */
  reset(log: LogId): void {
    this.pipeline = new LogPipeline(log, this.config.checksInFlightMax, this.rules)
    this.materialiser = new Materialiser(this.config)
    if (this.rules.reloadAfterRegain) this.conversations.clear()
    this.dirty = []
    this.pendingBytes = 0
    this.epochs.fill(0)
    this.leaving.clear()
    this.followed.clear()
    this.answers.clear()
    for (const link of this.links.values()) link.conversations.clear()
  }

  serves(slot: Slot): boolean {
    return this.epochs[slot] !== 0
  }

  /** The slot while it is being given away: nothing new begins in it, and another node may have it already. */
  held(slot: Slot): Leaving | undefined {
    const leaving = this.leaving.get(slot)
    return leaving?.stage === 'warming' || leaving?.stage === 'noting' ? undefined : leaving
  }

  /** The conversation, which may be loading still. */
  conversation(id: ConversationId, now: Millis): Conversation {
    let conversation = this.conversations.get(id)
    if (conversation === undefined) {
      conversation = emptyConversation(id, slotOf(id), now)
      this.conversations.set(id, conversation)
      this.effects.push({ type: 'load', log: this.pipeline.log, conversation: id })
    }
    conversation.usedAt = now
    return conversation
  }

  /** Puts the conversation where the next flush finds it. */
  touch(conversation: Conversation): void {
    if (conversation.dirty) return
    conversation.dirty = true
    this.dirty.push(conversation)
  }

  /** Keeps the conversation in memory until `then` has run: what it does must not happen to a forgotten copy. */
  holding<Values extends unknown[]>(
    conversation: Conversation,
    then: (...values: Values) => void,
  ): (...values: Values) => void {
    conversation.holds++
    return (...values) => {
      conversation.holds--
      then(...values)
    }
  }

  /** A question to the view; `then` gets its outcome. Forgotten when the node is deposed. */
  question<Outcome>(then: (outcome: Outcome) => void): number {
    const token = this.nextToken++
    this.answers.set(token, then as (outcome: unknown) => void)
    return token
  }

  answered(token: number, outcome: unknown): void {
    const then = this.answers.get(token)
    if (then === undefined) return
    this.answers.delete(token)
    then(outcome)
  }

  reply(slot: Slot, to: Origin, answer: Answer): void {
    this.effects.push({
      type: 'send',
      link: to.link,
      frame: { t: 'reply', slot, attempt: to.attempt, n: to.n, answer },
    })
  }

  /**
   * A refusal is an answer from memory like any other: it waits until all that it is founded on is committed and the
   * log is known not to be sealed. Else an owner that was deposed would deny what its successor knows.
   */
  refuse(slot: Slot, to: Origin, code: ErrorCode, detail: string = ERRORS[code].means): void {
    this.pipeline.barrier(() =>
      this.effects.push({
        type: 'send',
        link: to.link,
        frame: { t: 'refuse', slot, attempt: to.attempt, n: to.n, code: ERRORS[code].wire, detail },
      }),
    )
  }

  /** Tells the edge to send the request again, unless it was told so already. */
  bounceBusy(slot: Slot, { link, attempt, n }: Origin): void {
    const from = this.links.get(link)
    const pipe = from?.slots.get(slot)
    if (from !== undefined && pipe !== undefined && !isRefused(pipe, attempt, n)) this.bounce(from, slot, n, 'busy')
  }

  /** From request `n` of this attempt on, nothing of the slot is taken; later frames of the attempt are dropped. */
  bounce(link: LinkState, slot: Slot, n: number, reason: 'not_owner' | 'busy'): void {
    const pipe = link.slots.get(slot)
    if (pipe === undefined) return
    if (this.rules.dropAfterBounce) {
      pipe.refusedFrom = pipe.refusedAttempt === pipe.attempt ? Math.min(pipe.refusedFrom, n) : n
      pipe.refusedAttempt = pipe.attempt
    }
    const owner = this.owners[slot]
    this.effects.push({
      type: 'send',
      link: link.id,
      frame: {
        t: 'bounce',
        slot,
        attempt: pipe.attempt,
        n,
        reason,
        retry_after: reason === 'busy' ? this.config.busyRetryAfterMs : 0,
        ...(reason === 'not_owner' &&
          owner !== undefined &&
          owner !== this.config.node && { owner, epoch: (this.ownerEpochs[slot] ?? 0) as Epoch }),
      },
    })
  }

  /** Epochs of the rows last read, beside {@link owners}. */
  readonly ownerEpochs: number[] = new Array(SLOTS).fill(0)
}
