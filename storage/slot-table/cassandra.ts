import type { Epoch, LogId, NodeId, Slot } from '@chat4all/protocol'
import { type Client, types } from 'cassandra-driver'
import type { SlotMove, SlotRow, SlotTable } from './port.js'

/** All slots stand in one partition, so that many move in one conditional batch. */
const RING = 0
/** A starting node claims all 1,024 with four transactions; one of them stays far below a mutation's size. */
const MOVES_PER_BATCH = 256

const READ = 'SELECT slot, epoch, log, node FROM slots WHERE ring = ?'
const CLAIM_NEW = 'INSERT INTO slots (ring, slot, epoch, log, node) VALUES (?, ?, ?, ?, ?) IF NOT EXISTS'
const CLAIM = 'UPDATE slots SET epoch = ?, log = ?, node = ? WHERE ring = ? AND slot = ? IF epoch = ? AND log = ?'

/**
 * The slot table in Cassandra: written by lightweight transactions only, and read at LOCAL_SERIAL, which also finishes
 * what a claimer that got no answer had begun. A claim that rejects may have been made in part: read before trying again.
 */
export function cassandraSlotTable(client: Client): SlotTable {
  const read = async (): Promise<SlotRow[]> => {
    const { rows } = await client.execute(READ, [RING], {
      prepare: true,
      consistency: types.consistencies.localSerial,
      fetchSize: 4_096,
    })
    return rows.map((row) => ({
      slot: row.slot as Slot,
      epoch: Number(row.epoch) as Epoch,
      log: row.log as LogId,
      node: row.node as NodeId,
    }))
  }

  /** Moves of different slots. All are made, or none is, and then those whose slot stands elsewhere are left out. */
  async function claimBatch(moves: readonly SlotMove[], made: Set<SlotMove>): Promise<void> {
    let left = moves
    while (left.length > 0) {
      const result = await client.batch(left.map(statement), { prepare: true, logged: true, isIdempotent: false })
      if (result.wasApplied()) {
        for (const move of left) made.add(move)
        return
      }
      const rows = new Map((await read()).map((row) => [row.slot, row]))
      const possible = left.filter(({ slot, from }) => {
        const row = rows.get(slot)
        return row?.epoch === from?.epoch && row?.log === from?.log
      })
      // Rows only ever move on: the one that did not match when the batch was refused does not match now either.
      if (possible.length === left.length) throw new Error('a claim was refused, and no slot of it stands elsewhere')
      left = possible
    }
  }

  return {
    read,

    async claim(moves) {
      const made = new Set<SlotMove>()
      for (let at = 0; at < moves.length; ) {
        const batch = firstOfEachSlot(moves, at)
        await claimBatch(batch, made)
        at += batch.length
      }
      return moves.map((move) => made.has(move))
    },

    close: async () => {},
  }
}

function statement({ slot, from, to }: SlotMove) {
  const epoch = types.Long.fromNumber(to.epoch)
  return from === undefined
    ? { query: CLAIM_NEW, params: [RING, slot, epoch, to.log, to.node] }
    : { query: CLAIM, params: [epoch, to.log, to.node, RING, slot, types.Long.fromNumber(from.epoch), from.log] }
}

/** The next moves for one batch: conditions of two moves of one slot would be checked against the same row. */
function firstOfEachSlot(moves: readonly SlotMove[], from: number): SlotMove[] {
  const batch: SlotMove[] = []
  const slots = new Set<Slot>()
  for (let at = from; at < moves.length && batch.length < MOVES_PER_BATCH; at++) {
    const move = moves[at]!
    if (slots.has(move.slot)) break
    slots.add(move.slot)
    batch.push(move)
  }
  return batch
}
