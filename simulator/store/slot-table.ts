import type { Slot } from '@chat4all/protocol'
import type { SlotMove, SlotRow } from '@chat4all/storage'
import type { Done } from './node-logs.js'
import type { ReplicaState } from './replica-state.js'
import type { Replicas } from './replicas.js'

/** Who owns each slot: lightweight transactions, so linearizable, and of unknown outcome now and then. */
export class SimulatedSlotTable {
  private readonly replicas: Replicas<ReplicaState>
  private readonly rows = new Map<Slot, SlotRow>()
  /** Every move that was made, for the checkers and the trace. */
  readonly moves: SlotMove[] = []

  constructor(replicas: Replicas<ReplicaState>) {
    this.replicas = replicas
  }

  read(done: Done<SlotRow[]>): void {
    this.replicas.compareAndSet(() => [...this.rows.values()], done)
  }

  claim(moves: readonly SlotMove[], done: Done<boolean[]>): void {
    this.replicas.compareAndSet(() => moves.map((move) => this.move(move)), done)
  }

  private move(move: SlotMove): boolean {
    const row = this.rows.get(move.slot)
    const { from, to } = move
    const expected = from === undefined ? row === undefined : row?.epoch === from.epoch && row.log === from.log
    if (!expected) return false
    this.rows.set(move.slot, { slot: move.slot, ...to })
    this.moves.push(move)
    return true
  }

  /** The row, for the checkers. */
  row(slot: Slot): SlotRow | undefined {
    return this.rows.get(slot)
  }
}
