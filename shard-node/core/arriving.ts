import type { ConsentFrame, EndsFrame, Millis, NodeId, Offset, Slot, SlotRow } from '@chat4all/protocol'
import type { Effect } from './effects.js'
import { hasElapsed } from './elapsed.js'
import { Pace } from './pace.js'

/** How many slots, how stable the members, how long an answer may take. */
export interface ArrivingLimits {
  readonly node: NodeId
  readonly arrivingMax: number
  readonly arrivingQuickMs: number
  readonly membersStableMs: number
  readonly wantMs: number
}

interface Arriving {
  readonly node: NodeId
  readonly askedAt: Millis
  /** Where the slot ends so far, until it is told that this is noted. */
  ends: EndsFrame | undefined
  /** When that was told: requests are held from then on. */
  heldAt: Millis | undefined
  consent: ConsentFrame | undefined
}

/**
 * Slots that the ring gives to this node while another, healthy one has them: asked for at the pace at which each moves
 * quickly, for its requests wait meanwhile, and only when the members have been the same for a while, so that a restart
 * does not send slots to and fro. (Slots of dead logs are not asked for: they are recovered, at once.)
 */
export class ArrivingSlots {
  private readonly limits: ArrivingLimits
  private readonly slots = new Map<Slot, Arriving>()
  private readonly pace: Pace
  private stableSince = 0 as Millis
  /** Nodes that did not answer the last time: each is asked for one slot at a time, beside the others. */
  private readonly silent = new Set<NodeId>()
  /** Asked last: others come first the next time, or a node that answers nothing would keep all places. */
  private lastAsked = -1

  constructor(limits: ArrivingLimits) {
    this.limits = limits
    this.pace = new Pace(limits.arrivingMax, limits.arrivingQuickMs)
  }

  clear(): void {
    this.slots.clear()
    this.silent.clear()
  }

  membersChanged(now: Millis): void {
    this.stableSince = now
  }

  /** Asks for more of `slots`, of those that have a row to ask for. Returns whether an answer is overdue: then the rows may be old. */
  ask(
    slots: Iterable<Slot>,
    rowToAskFor: (slot: Slot) => SlotRow | undefined,
    now: Millis,
    effects: Effect[],
  ): boolean {
    let overdue = false
    for (const [slot, { node, askedAt, ends, heldAt, consent }] of this.slots) {
      // Also with a consent: it may be for an epoch that was over when it came.
      if (!hasElapsed(this.limits.wantMs, askedAt, now)) continue
      this.slots.delete(slot)
      // Who says nothing holds nothing: that others go on does not make it slower.
      if (ends === undefined && heldAt === undefined && consent === undefined) this.silent.add(node)
      else this.pace.took(this.limits.wantMs)
      overdue = true
    }
    if (!hasElapsed(this.limits.membersStableMs, this.stableSince, now)) return overdue
    for (const slot of this.inTurn(slots)) {
      const row = this.slots.has(slot) ? undefined : rowToAskFor(slot)
      if (row === undefined || !this.hasPlace(row.node)) continue
      const { epoch, node } = row
      this.lastAsked = slot
      this.slots.set(slot, { node, askedAt: now, ends: undefined, heldAt: undefined, consent: undefined })
      effects.push({ type: 'tell-node', node, frame: { t: 'want', slot, epoch, node: this.limits.node } })
    }
    return overdue
  }

  private hasPlace(node: NodeId): boolean {
    let [ofSilent, ofOthers] = [0, 0]
    for (const asked of this.slots.values()) {
      if (!this.silent.has(asked.node)) ofOthers++
      else if (asked.node === node) ofSilent++
    }
    return this.silent.has(node) ? ofSilent === 0 : ofOthers < this.pace.atOnce
  }

  private inTurn(slots: Iterable<Slot>): Slot[] {
    if (this.slots.size >= this.pace.atOnce + this.silent.size) return []
    const sorted = [...slots].sort((a, b) => a - b)
    const from = sorted.findIndex((slot) => slot > this.lastAsked)
    return from === -1 ? sorted : [...sorted.slice(from), ...sorted.slice(0, from)]
  }

  announced(ends: EndsFrame): void {
    const arriving = this.slots.get(ends.slot)
    if (arriving === undefined) return
    arriving.ends = ends
    this.silent.delete(arriving.node)
  }

  /** Tells owners whose word is noted by now that they can hold their slots. */
  tellNoted(isNoted: (ends: EndsFrame) => boolean, now: Millis, effects: Effect[]): void {
    for (const [slot, arriving] of this.slots) {
      const { node, ends } = arriving
      if (ends === undefined || !isNoted(ends)) continue
      arriving.ends = undefined
      arriving.heldAt ??= now
      effects.push({ type: 'tell-node', node, frame: { t: 'noted', slot, epoch: ends.epoch } })
    }
  }

  consented(consent: ConsentFrame): void {
    const arriving = this.slots.get(consent.slot)
    if (arriving === undefined) return
    arriving.consent = consent
    this.silent.delete(arriving.node)
  }

  /** Where entries of the slot end in the log that has it, if its owner consents to this very move. */
  consentOf({ slot, epoch, log }: SlotRow): Offset | undefined {
    const consent = this.slots.get(slot)?.consent
    return consent !== undefined && consent.epoch === epoch && consent.log === log ? consent.end : undefined
  }

  /** The slot came, or went to somebody else. Returns who had consented. */
  settled(slot: Slot, now: Millis): NodeId | undefined {
    const arriving = this.slots.get(slot)
    this.slots.delete(slot)
    if (arriving?.consent === undefined) return undefined
    this.pace.took(now - (arriving.heldAt ?? arriving.askedAt))
    return arriving.node
  }

  /** What was asked of this node will not be answered. */
  peerLost(node: NodeId): void {
    for (const [slot, arriving] of this.slots) {
      if (arriving.node === node && arriving.consent === undefined) this.slots.delete(slot)
    }
  }
}
