import type { Epoch, LogId, NodeId, Slot } from '@chat4all/protocol'
import { type Client, types } from 'cassandra-driver'
import type { SlotMove, SlotRow, SlotTable } from './port.js'

/** All slots stand in one partition, so that many move in one conditional batch. */
const RING = 0
const MOVES_PER_BATCH = 128

/** The slot table in Cassandra: written by lightweight transactions only, read at SERIAL. */
export function cassandraSlotTable(client: Client): SlotTable {
  const insert = 'INSERT INTO slots (ring, slot, epoch, log, node) VALUES (?, ?, ?, ?, ?) IF NOT EXISTS'
  const update = 'UPDATE slots SET epoch = ?, log = ?, node = ? WHERE ring = ? AND slot = ? IF epoch = ? AND log = ?'
  const statement = ({ slot, from, to }: SlotMove) => {
    const epoch = types.Long.fromNumber(to.epoch)
    return from === undefined
      ? { query: insert, params: [RING, slot, epoch, to.log, to.node] }
      : { query: update, params: [epoch, to.log, to.node, RING, slot, types.Long.fromNumber(from.epoch), from.log] }
  }

  async function claimBatch(moves: readonly SlotMove[]): Promise<boolean[]> {
    if (moves.length === 0) return []
    const result = await client.batch(moves.map(statement), { prepare: true, logged: true })
    if (result.wasApplied()) return moves.map(() => true)
    if (moves.length === 1) return [false]
    // One condition failed, so none was applied: halve until the moves that can be made are found.
    const half = moves.length >> 1
    return [...(await claimBatch(moves.slice(0, half))), ...(await claimBatch(moves.slice(half)))]
  }

  return {
    async read() {
      const { rows } = await client.execute('SELECT slot, epoch, log, node FROM slots WHERE ring = ?', [RING], {
        prepare: true,
        consistency: types.consistencies.localSerial,
        fetchSize: 2_000,
      })
      return rows.map(
        (row): SlotRow => ({
          slot: row.slot as Slot,
          epoch: Number(row.epoch) as Epoch,
          log: row.log as LogId,
          node: row.node as NodeId,
        }),
      )
    },

    async claim(moves) {
      const results: boolean[] = []
      for (let at = 0; at < moves.length; ) {
        const batch = firstOfEachSlot(moves, at)
        results.push(...(await claimBatch(batch)))
        at += batch.length
      }
      return results
    },

    close: async () => {},
  }
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
