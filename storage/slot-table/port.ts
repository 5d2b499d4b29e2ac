import type { SlotMove, SlotRow } from '@chat4all/protocol'

/** Who owns each slot: the row that compare-and-set moves, and the only thing that decides it (design §3). */
export interface SlotTable {
  /** Every slot that was ever claimed. Linearizable. */
  read(): Promise<SlotRow[]>

  /**
   * Moves slots, each only if its row still has the epoch *and* the log expected (`from` undefined: no row yet).
   * Returns for each move whether it was made. Rejects with an unknown outcome: read before trying again.
   */
  claim(moves: readonly SlotMove[]): Promise<boolean[]>

  close(): Promise<void>
}

export type { SlotMove, SlotRow } from '@chat4all/protocol'
