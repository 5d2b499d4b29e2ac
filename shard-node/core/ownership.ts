import {
  type ConsentFrame,
  type EndsFrame,
  type Epoch,
  type LogId,
  type Millis,
  type NodeId,
  SLOTS,
  type Slot,
  type SlotMove,
  type SlotRow,
} from '@chat4all/protocol'
import { type ArrivingLimits, ArrivingSlots } from './arriving.js'
import type { Effect, RecoveryOutcome, RecoveryRequest } from './effects.js'
import type { FollowedLogs } from './followed-logs.js'
import { Recovery } from './recovery.js'
import type { ShardRules } from './rules.js'

/**
 * Which slots this node serves (design §3). It compares the desired owner with the slot table's row and converges its
 * own slots; nobody leads. A slot comes only by compare-and-set: from nothing, from a log whose recovery ended here, or
 * from one whose owner consents.
 */
export class Ownership {
  private readonly node: NodeId
  private readonly rules: ShardRules
  private log = '' as LogId
  private started = false
  private healthy: ReadonlySet<NodeId> | undefined
  private desired: readonly (NodeId | undefined)[] = []
  private rows: (SlotRow | undefined)[] = new Array(SLOTS).fill(undefined)
  private rowsRead = false
  private ownOldLogs: readonly LogId[] = []
  private readonly recoveries = new Map<LogId, Recovery>()
  private readonly arriving: ArrivingSlots
  private readonly astray = new Set<Slot>()
  /** Offered to others, who did not take them. */
  private readonly reclaims = new Set<Slot>()
  private readonly followed: FollowedLogs
  private claiming: readonly SlotMove[] | undefined
  private reading = false
  private readAgain = false
  /** What a node that leaves may still take: of its offers those that nobody took, and in the end nothing. */
  private takes: 'all' | 'own offers' | 'nothing' = 'all'

  constructor(limits: ArrivingLimits, rules: ShardRules, followed: FollowedLogs) {
    this.node = limits.node
    this.rules = rules
    this.followed = followed
    this.arriving = new ArrivingSlots(limits)
  }

  /** A new incarnation: its log is open; `oldLogs` are its earlier ones, to be recovered whoever owns their slots. */
  start(log: LogId, oldLogs: readonly LogId[], effects: Effect[]): void {
    this.log = log
    this.started = true
    this.ownOldLogs = oldLogs.filter((old) => old !== log)
    this.recoveries.clear()
    this.arriving.clear()
    this.reclaims.clear()
    this.claiming = undefined
    this.reading = false
    this.rowsRead = false
    this.readSlots(effects)
  }

  /** This node gives its slots away: it takes no others from now on, whatever the ring says. */
  drain(): void {
    if (this.takes === 'all') this.takes = 'own offers'
    this.arriving.clear()
  }

  /** It is about to be gone: a slot that it took now would have to be recovered from it. */
  retire(): void {
    this.takes = 'nothing'
    this.arriving.clear()
  }

  membersChanged(
    healthy: readonly NodeId[],
    desired: readonly (NodeId | undefined)[],
    now: Millis,
    effects: Effect[],
  ): void {
    if (desired.some((owner, slot) => owner !== this.desired[slot])) this.arriving.membersChanged(now)
    this.healthy = new Set(healthy)
    this.desired = desired
    this.findAstray()
    if (this.started) this.readSlots(effects)
  }

  /** Reads the table anew: after a change of members, and every now and then. */
  readSlots(effects: Effect[]): void {
    if (!this.started) return
    if (this.reading) {
      this.readAgain = true
      return
    }
    this.reading = true
    this.readAgain = false
    effects.push({ type: 'read-slots', log: this.log })
  }

  slotsRead(rows: readonly SlotRow[], now: Millis, effects: Effect[]): SlotRow[] {
    this.reading = false
    if (this.readAgain) this.readSlots(effects)
    this.rowsRead = true
    for (const row of rows) {
      const known = this.rows[row.slot]
      if (known !== undefined && row.epoch < known.epoch) continue
      this.rows[row.slot] = row
      if (row.epoch !== known?.epoch) this.reclaims.delete(row.slot)
      if (row.log === this.log) this.tellTaken(row, now, effects)
    }
    this.findAstray()
    this.converge(effects)
    return this.rows.filter((row): row is SlotRow => row !== undefined)
  }

  claimed(results: readonly boolean[], now: Millis, effects: Effect[]): void {
    const moves = this.claiming ?? []
    this.claiming = undefined
    for (const [index, { slot, to }] of moves.entries()) {
      this.reclaims.delete(slot)
      if (results[index] !== true) {
        this.arriving.settled(slot, now)
        continue
      }
      this.rows[slot] = { slot, ...to }
      this.astray.delete(slot)
      this.tellTaken(this.rows[slot], now, effects)
    }
    if (results.includes(false)) this.readSlots(effects)
    this.converge(effects)
  }

  /** Whoever consented lets go of what it holds. */
  private tellTaken({ slot, epoch, log, node }: SlotRow, now: Millis, effects: Effect[]): void {
    const from = this.arriving.settled(slot, now)
    if (from !== undefined)
      effects.push({ type: 'tell-node', node: from, frame: { t: 'taken', slot, epoch, log, node } })
  }

  /** Unknown outcome: the table tells. */
  claimFailed(effects: Effect[]): void {
    this.claiming = undefined
    this.readSlots(effects)
  }

  /** Logs of nodes that are gone, of which no slot speaks any more: recovered all the same, for nobody else drops them. */
  abandoned(logs: readonly LogId[], effects: Effect[]): void {
    if (!this.started || this.takes !== 'all') return
    for (const log of logs) if (log !== this.log) this.recover(log, effects)
  }

  recoveryStep(log: LogId, outcome: RecoveryOutcome, asked: RecoveryRequest, effects: Effect[]): void {
    const recovery = this.recoveries.get(log)
    if (recovery === undefined || recovery.done) return
    // An earlier incarnation asked this for a recovery of its own: an answer to another question.
    if (asked !== recovery.asked) return
    recovery.outcome(outcome, effects)
    // Another node may have moved slots meanwhile: a fresh look, then claims.
    if (recovery.done) this.readSlots(effects)
  }

  // --- slots that come by consent, and those that go ---------------------------------------------------------------

  /** Asks for slots that the ring gives to this node. */
  tick(now: Millis, effects: Effect[]): void {
    if (!this.rowsRead || this.healthy === undefined || this.takes !== 'all') return
    if (this.arriving.ask(this.astray, (slot) => this.rowToAskFor(slot), now, effects)) this.readSlots(effects)
  }

  /** Slots that another node has and the ring gives to this one. */
  private findAstray(): void {
    this.astray.clear()
    for (const row of this.rows) {
      if (row !== undefined && this.desired[row.slot] === this.node && row.node !== this.node) this.astray.add(row.slot)
    }
  }

  private rowToAskFor(slot: Slot): SlotRow | undefined {
    const row = this.rows[slot]!
    // What is being recovered comes without being asked for.
    return this.healthy!.has(row.node) && !this.recoveries.has(row.log) ? row : undefined
  }

  consented(consents: readonly ConsentFrame[], effects: Effect[]): void {
    if (this.takes !== 'all') return
    for (const consent of consents) this.arriving.consented(consent)
    this.claim(effects)
  }

  /** Where slots end that will be consented to: noted before they are held, so that nobody waits for that. */
  announced(announcements: readonly EndsFrame[], now: Millis, effects: Effect[]): void {
    if (this.takes !== 'all') return
    for (const ends of announcements) {
      const row = this.rows[ends.slot]
      if (row === undefined || ends.epoch < row.epoch) continue
      // Its owner took it back meanwhile: the table tells that, too.
      if (ends.epoch > row.epoch) this.readSlots(effects)
      else if (ends.log !== row.log) continue
      this.arriving.announced(ends)
    }
    this.tellNoted(now, effects)
  }

  private tellNoted(now: Millis, effects: Effect[]): void {
    this.arriving.tellNoted(({ log, end }) => this.followed.note(log, end), now, effects)
  }

  peerLost(node: NodeId): void {
    this.arriving.peerLost(node)
  }

  /** That the log follows another is committed: the slots of that one may be claimed. */
  followsNoted(now: Millis, effects: Effect[]): void {
    this.tellNoted(now, effects)
    this.claim(effects)
  }

  /** Takes back what nobody took. */
  reclaim(slots: readonly Slot[], effects: Effect[]): void {
    for (const slot of slots) this.reclaims.add(slot)
    this.claim(effects)
  }

  /** The slot is another's now. Returns false when that is no news. */
  moved(row: SlotRow): boolean {
    const known = this.rows[row.slot]
    if (known !== undefined && row.epoch <= known.epoch) return false
    this.rows[row.slot] = row
    this.reclaims.delete(row.slot)
    if (this.desired[row.slot] === this.node) this.astray.add(row.slot)
    return true
  }

  /** Rows that say that this incarnation owns the slot. */
  owned(): SlotRow[] {
    return this.rows.filter((row): row is SlotRow => row !== undefined && row.log === this.log)
  }

  private converge(effects: Effect[]): void {
    if (!this.rowsRead || this.healthy === undefined) return
    const dead = new Set<LogId>(this.ownOldLogs)
    // Who is not seen by others sees too little to judge them.
    const judges = this.healthy.has(this.node)
    for (const row of this.rows) {
      if (row === undefined || row.log === this.log) continue
      if (row.node === this.node || (judges && !this.healthy.has(row.node))) dead.add(row.log)
    }
    for (const log of dead) this.recover(log, effects)
    this.claim(effects)
  }

  private recover(log: LogId, effects: Effect[]): void {
    if (this.recoveries.has(log)) return
    const recovery = new Recovery(log, this.rules)
    this.recoveries.set(log, recovery)
    recovery.begin(effects)
  }

  private claim(effects: Effect[]): void {
    if (this.claiming !== undefined || this.reading || this.takes === 'nothing') return
    const moves: SlotMove[] = []
    for (let index = 0; index < SLOTS; index++) {
      const slot = index as Slot
      const row = this.rows[slot]
      if (row === undefined) {
        if (this.desired[slot] === this.node && this.takes === 'all')
          moves.push({ slot, from: undefined, to: { epoch: 1 as Epoch, log: this.log, node: this.node } })
        continue
      }
      if (!this.mayTake(row)) continue
      const { epoch, log } = row
      moves.push({ slot, from: { epoch, log }, to: { epoch: (epoch + 1) as Epoch, log: this.log, node: this.node } })
    }
    if (moves.length === 0) return
    this.claiming = moves
    effects.push({ type: 'claim', log: this.log, moves })
  }

  private mayTake(row: SlotRow): boolean {
    if (row.log === this.log) return this.reclaims.has(row.slot)
    if (this.takes !== 'all') return false
    const consent = this.arriving.consentOf(row)
    if (consent !== undefined) return this.followed.note(row.log, consent)
    const recovery = this.recoveries.get(row.log)
    if (recovery === undefined || (!recovery.done && this.rules.recoverBeforeClaim)) return false
    // An own earlier log has no other heir as long as this node is healthy, whatever the ring says.
    if (this.desired[row.slot] !== this.node && row.node !== this.node) return false
    return this.followed.note(row.log, recovery.end)
  }
}
