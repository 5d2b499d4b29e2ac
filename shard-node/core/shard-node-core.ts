import type {
  ConversationId,
  EdgeId,
  EdgeLinkFrame,
  LogId,
  Millis,
  NodeId,
  NodeLinkFrame,
  Offset,
  Seq,
  Slot,
  SlotRow,
  StoredConversation,
  StoredMessage,
  StoredReceipt,
} from '@chat4all/protocol'
import { fillFromView, isIdle } from './conversation.js'
import type { Effect, LinkId, RecoveryOutcome, RecoveryRequest } from './effects.js'
import { hasElapsed } from './elapsed.js'
import { enumerate } from './enumeration.js'
import { commit, flush, trim } from './flush.js'
import { beginLeaving, continueLeaving, forget, holdLeaving, leave, slotsToWrite, stay } from './leaving.js'
import type { ViewWrite } from './materialiser.js'
import { Ownership } from './ownership.js'
import { signal, unsubscribe, unsubscribeAll } from './reads.js'
import { bounceWaiting, request, serveWaiting } from './requests.js'
import { ALL_RULES, type ShardRules } from './rules.js'
import { type LinkState, type ShardConfig, ShardState } from './state.js'

/**
 * A shard-node without I/O: events in by method, effects out by {@link takeEffects}. Every method takes the time as an
 * input; none waits. It owns what design §3–§5 and §7 say a shard-node decides, and nothing else.
 *
 * After each batch of inputs the driver calls `flush`, then carries out `takeEffects()`.
 */
export class ShardNodeCore {
  private readonly state: ShardState
  private readonly ownership: Ownership
  private deposed = false
  private open = false
  private cursorSaved = 0 as Offset
  private cursorSavedAt = 0 as Millis
  private sweptAt = 0 as Millis
  private slotsReadAt = 0 as Millis
  private servingSlots: readonly Slot[] = []

  constructor(config: ShardConfig, rules: ShardRules = ALL_RULES) {
    this.state = new ShardState(config, rules)
    this.ownership = new Ownership(config, rules, this.state.followed)
  }

  /** Slots that this incarnation serves. */
  get serving(): readonly Slot[] {
    return this.servingSlots
  }

  /** Committed bytes that the view does not have, and accepted bytes that are not flushed. */
  get lag(): { readonly viewBytes: number; readonly pendingBytes: number; readonly entriesInFlight: number } {
    const { materialiser, pendingBytes, pipeline } = this.state
    return { viewBytes: materialiser.lagBytes, pendingBytes, entriesInFlight: pipeline.entriesInFlight }
  }

  /** True when nothing accepted is still on its way to the log or the view: the moment to stop. */
  get settled(): boolean {
    return !this.state.pipeline.waiting && this.state.dirty.length === 0 && this.state.materialiser.lagBytes === 0
  }

  /**
   * Begins an incarnation with a fresh log, whose name was never used; `oldLogs` are this node's earlier logs, which
   * it recovers. Also called after `deposed`, with a new name.
   */
  start(log: LogId, oldLogs: readonly LogId[], _now: Millis): void {
    this.state.reset(log)
    this.deposed = false
    this.open = false
    this.cursorSaved = 0 as Offset
    this.oldLogs = oldLogs
    this.serve([])
    this.state.effects.push({ type: 'open-log', log })
  }
  private oldLogs: readonly LogId[] = []

  opened(log: LogId, _now: Millis): void {
    if (log !== this.state.pipeline.log || this.open) return
    this.open = true
    this.ownership.start(log, this.oldLogs, this.state.effects)
  }

  /** Nodes that look healthy, and by slot the owner that the ring desires. */
  membersChanged(healthy: readonly NodeId[], desired: readonly (NodeId | undefined)[], now: Millis): void {
    this.ownership.membersChanged(healthy, desired, now, this.state.effects)
  }

  /** This node gives its slots away. It takes no others any more; what nobody takes from it, it takes back. */
  drain(): void {
    this.ownership.drain()
  }

  /** The time to give slots away is over: from now on it claims nothing, not even what it offered. Others recover that. */
  retire(): void {
    this.ownership.retire()
  }

  // --- edges ---------------------------------------------------------------------------------------------------------

  linkOpened(link: LinkId, _edge: EdgeId, _now: Millis): void {
    this.state.links.set(link, { id: link, slots: new Map(), conversations: new Set() })
  }

  linkClosed(link: LinkId, _now: Millis): void {
    const state = this.state.links.get(link)
    if (state === undefined) return
    this.state.links.delete(link)
    unsubscribeAll(this.state, state)
  }

  frames(link: LinkId, frames: readonly EdgeLinkFrame[], now: Millis): void {
    const from = this.state.links.get(link)
    if (from === undefined) return
    for (const frame of frames) this.frame(from, frame, now)
  }

  private frame(link: LinkState, frame: EdgeLinkFrame, now: Millis): void {
    switch (frame.t) {
      case 'post':
      case 'mark':
      case 'subscribe':
      case 'read':
      case 'inspect':
      case 'status':
      case 'roster':
      case 'open':
      case 'change':
        return request(this.state, link, frame, now)
      case 'unsubscribe':
        return unsubscribe(this.state, link, frame.conversation, frame.user)
      case 'signal':
        return signal(this.state, frame.conversation, frame.user, frame.on)
      case 'enumerate':
        return enumerate(this.state, link.id, frame, now)
      case 'want':
        beginLeaving(this.state, link.id, frame, now)
        return this.leaveOn(now)
      case 'noted':
        holdLeaving(this.state, link.id, frame, now)
        return this.leaveOn(now)
      case 'taken':
        return this.slotMoved({ slot: frame.slot, epoch: frame.epoch, log: frame.log, node: frame.node }, now)
      case 'link_hello':
      case 'link_ping':
        return
    }
  }

  /** Makes entries of what waits. */
  flush(now: Millis): void {
    if (this.open && !this.deposed) flush(this.state, now)
  }

  /** Something waits for more to come: {@link flush} is to be called again after so many milliseconds. */
  get flushAfterMs(): number | undefined {
    const { dirty, followed, pipeline, config } = this.state
    const waits = (dirty.length > 0 || followed.pending) && this.open && !this.deposed
    return waits && pipeline.entriesInFlight < config.entriesInFlightEager ? config.gatherMs : undefined
  }

  // --- the log -------------------------------------------------------------------------------------------------------

  appended(log: LogId, offset: Offset, _now: Millis): void {
    if (this.isCurrent(log)) this.state.pipeline.appended(offset, this.state.effects)
  }

  /** The outcome is unknown. */
  appendFailed(log: LogId, offset: Offset, _now: Millis): void {
    if (this.isCurrent(log)) this.state.pipeline.appendFailed(offset, this.state.effects)
  }

  sealChecked(log: LogId, check: number, sealed: boolean, now: Millis): void {
    if (!this.isCurrent(log)) return
    if (sealed) return this.depose()
    this.state.pipeline.sealCheckPassed(
      check,
      this.state.effects,
      (work, offset) => commit(this.state, work, offset, now),
      (then) => then(),
    )
    this.materialise(now)
    this.leaveOn(now)
    if (this.state.followed.progressed()) this.ownership.followsNoted(now, this.state.effects)
  }

  sealCheckFailed(log: LogId, check: number, _now: Millis): void {
    if (this.isCurrent(log)) this.state.pipeline.sealCheckFailed(check, this.state.effects)
  }

  private isCurrent(log: LogId): boolean {
    return !this.deposed && log === this.state.pipeline.log
  }

  /** Another sealed the log: what is not committed has an outcome that only the recovered log knows. Answer nothing. */
  private depose(): void {
    this.deposed = true
    this.state.epochs.fill(0)
    this.serve([])
    // Edges with requests on the way, or subscriptions, go to the next owner.
    for (const link of this.state.links.values()) {
      for (const slot of link.slots.keys()) this.state.bounce(link, slot, 0, 'not_owner')
    }
    this.state.effects.push({ type: 'deposed', log: this.state.pipeline.log })
  }

  // --- the view ------------------------------------------------------------------------------------------------------

  loaded(
    log: LogId,
    id: ConversationId,
    stored: StoredConversation | undefined,
    last: StoredMessage | undefined,
    now: Millis,
  ): void {
    if (!this.isCurrent(log)) return
    const conversation = this.state.conversations.get(id)
    if (conversation === undefined || conversation.status !== 'loading') return
    if (stored === undefined) conversation.status = 'absent'
    else fillFromView(conversation, stored, last)
    const { whenLoaded } = conversation
    conversation.whenLoaded = undefined
    serveWaiting(this.state, conversation, now)
    for (const then of whenLoaded ?? []) then()
    if (conversation.status === 'absent' && isIdle(conversation, this.state.materialiser.materialised))
      this.state.conversations.delete(id)
  }

  loadFailed(log: LogId, id: ConversationId, _now: Millis): void {
    if (!this.isCurrent(log)) return
    const conversation = this.state.conversations.get(id)
    if (conversation === undefined || conversation.status !== 'loading') return
    this.state.conversations.delete(id)
    bounceWaiting(this.state, conversation)
    for (const then of conversation.whenLoaded ?? []) then()
  }

  found(token: number, seq: Seq | undefined | 'failed', now: Millis): void {
    this.state.answered(token, seq)
    for (const conversation of this.state.unblocked.splice(0)) serveWaiting(this.state, conversation, now)
  }

  messagesRead(token: number, messages: readonly StoredMessage[] | 'failed', _now: Millis): void {
    this.state.answered(token, messages)
  }

  receiptsRead(token: number, receipts: readonly StoredReceipt[] | 'failed', _now: Millis): void {
    this.state.answered(token, receipts)
  }

  listed(token: number, conversations: readonly ConversationId[] | 'failed', _now: Millis): void {
    this.state.answered(token, conversations)
  }

  private materialise(now: Millis): void {
    this.apply(this.state.materialiser.next(now))
  }

  private apply(next: ViewWrite | undefined): void {
    if (next === undefined) return
    const { write, changes } = next
    this.state.effects.push({ type: 'apply', log: this.state.pipeline.log, write, changes })
  }

  applied(log: LogId, write: number, now: Millis): void {
    if (log !== this.state.pipeline.log) return
    for (const change of this.state.materialiser.applied(write)) {
      const conversation = this.state.conversations.get(change.conversation)
      if (conversation === undefined) continue
      // They went to the view in the order in which they were committed.
      if (change.rises !== undefined) conversation.recentRises.splice(0, change.rises.length)
      if (change.messages !== undefined) {
        trim(conversation, change.messages.lastSeq, this.state.config.windowMessages)
      }
    }
    this.materialise(now)
    this.leaveOn(now)
  }

  applyFailed(log: LogId, write: number, _now: Millis): void {
    if (log === this.state.pipeline.log) this.apply(this.state.materialiser.again(write))
  }

  // --- ownership -----------------------------------------------------------------------------------------------------

  slotsRead(log: LogId, rows: readonly SlotRow[], now: Millis): void {
    if (!this.isCurrent(log)) return
    for (const row of this.ownership.slotsRead(rows, now, this.state.effects)) {
      // We had consented, and the word that it was taken has not come yet.
      if (row.log !== log && this.state.serves(row.slot)) leave(this.state, row, now)
      this.noteOwner(row)
    }
    this.takeOwned(now)
  }

  claimed(log: LogId, results: readonly boolean[], now: Millis): void {
    if (!this.isCurrent(log)) return
    this.ownership.claimed(results, now, this.state.effects)
    this.takeOwned(now)
    this.ownership.tick(now, this.state.effects)
  }

  claimFailed(log: LogId, _now: Millis): void {
    if (this.isCurrent(log)) this.ownership.claimFailed(this.state.effects)
  }

  /** `asked` is the step of the effect, by which the outcome of what an earlier incarnation asked is told apart. */
  recoveryStep(log: LogId, outcome: RecoveryOutcome, _now: Millis, asked: RecoveryRequest): void {
    if (!this.deposed && this.open) this.ownership.recoveryStep(log, outcome, asked, this.state.effects)
  }

  /** Logs whose nodes left for good. Wrong suspicion is safe: their owners begin new ones. */
  logsAbandoned(logs: readonly LogId[], _now: Millis): void {
    if (!this.deposed && this.open) this.ownership.abandoned(logs, this.state.effects)
  }

  /** From a node that this one asked for a slot. */
  peerFrames(_node: NodeId, frames: readonly NodeLinkFrame[], now: Millis): void {
    if (this.deposed || !this.open) return
    const announcements = frames.filter((frame) => frame.t === 'ends')
    if (announcements.length > 0) this.ownership.announced(announcements, now, this.state.effects)
    const consents = frames.filter((frame) => frame.t === 'consent')
    if (consents.length > 0) this.ownership.consented(consents, this.state.effects)
  }

  peerLost(node: NodeId, _now: Millis): void {
    this.ownership.peerLost(node)
  }

  private leaveOn(now: Millis): void {
    if (this.state.leaving.size === 0 || this.deposed) return
    this.materialise(now)
    const overdue = continueLeaving(this.state, now)
    // Requests are held until the view has what came before them.
    this.apply(this.state.materialiser.nextOf(slotsToWrite(this.state)))
    if (overdue.length === 0) return
    if (this.state.rules.reclaimByCompare) return this.ownership.reclaim(overdue, this.state.effects)
    for (const slot of overdue) stay(this.state, slot, now)
  }

  private slotMoved(row: SlotRow, now: Millis): void {
    if (!this.ownership.moved(row)) return
    if (this.state.serves(row.slot)) leave(this.state, row, now)
    this.noteOwner(row)
    this.serve(this.servingSlots.filter((slot) => slot !== row.slot))
  }

  private noteOwner(row: SlotRow): void {
    this.state.owners[row.slot] = row.node
    this.state.ownerEpochs[row.slot] = row.epoch
  }

  private takeOwned(now: Millis): void {
    const owned = this.ownership.owned()
    let changed = owned.length !== this.servingSlots.length
    const gained = new Set<Slot>()
    for (const row of owned) {
      this.noteOwner(row)
      if (this.state.epochs[row.slot] === row.epoch) continue
      if (this.state.epochs[row.slot] === 0) gained.add(row.slot)
      this.state.epochs[row.slot] = row.epoch
      changed = true
      // It was ours before: taken back from an offer.
      stay(this.state, row.slot, now)
    }
    if (gained.size > 0) {
      for (const conversation of this.state.conversations.values()) {
        if (gained.has(conversation.slot)) forget(this.state, conversation)
      }
    }
    if (changed) this.serve(owned.map((row) => row.slot))
  }

  private serve(slots: readonly Slot[]): void {
    this.servingSlots = slots
    this.state.effects.push({ type: 'serving', slots })
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  /** Every 50–100 ms. */
  tick(now: Millis): void {
    if (this.deposed || !this.open) return
    this.materialise(now)
    const { materialiser, config, pipeline } = this.state
    if (materialiser.materialised > this.cursorSaved && hasElapsed(config.cursorSaveMs, this.cursorSavedAt, now)) {
      this.cursorSaved = materialiser.materialised
      this.cursorSavedAt = now
      this.state.effects.push({ type: 'save-cursor', log: pipeline.log, cursor: this.cursorSaved })
    }
    if (hasElapsed(1_000, this.sweptAt, now)) {
      this.sweptAt = now
      this.evict(now)
    }
    if (hasElapsed(config.readSlotsMs, this.slotsReadAt, now)) {
      this.slotsReadAt = now
      this.ownership.readSlots(this.state.effects)
    }
    this.leaveOn(now)
    this.ownership.tick(now, this.state.effects)
    this.flush(now)
  }

  /** Starts the view's last writes and saves the cursor: for a node that stops in good order. */
  wrapUp(now: Millis): void {
    if (this.deposed || !this.open) return
    this.apply(this.state.materialiser.next(now, true))
    if (this.settled && this.state.materialiser.materialised > this.cursorSaved) {
      this.cursorSaved = this.state.materialiser.materialised
      this.state.effects.push({ type: 'save-cursor', log: this.state.pipeline.log, cursor: this.cursorSaved })
    }
  }

  private evict(now: Millis): void {
    const { conversations, config, materialiser } = this.state
    const crowded = conversations.size > config.conversationsMax
    for (const [id, conversation] of conversations) {
      const old = hasElapsed(config.conversationsIdleMs, conversation.usedAt, now)
      if ((old || crowded) && isIdle(conversation, materialiser.materialised)) conversations.delete(id)
    }
  }

  /** Effects since the last call, in order. */
  takeEffects(): Effect[] {
    const { effects } = this.state
    if (effects.length === 0) return NO_EFFECTS
    this.state.effects = []
    return effects
  }
}

const NO_EFFECTS: Effect[] = []
