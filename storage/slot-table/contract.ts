import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Epoch, LogId, NodeId, Slot } from '@chat4all/protocol'
import type { SlotMove, SlotRow, SlotTable } from './port.js'

/**
 * What every adapter of SlotTable promises, as tests.
 * @param open opens a table of its own, empty
 * @param reopen closes a table and opens the same one again; leave it out for what lives in memory
 */
export function slotTableContract(
  name: string,
  open: () => Promise<SlotTable>,
  reopen?: (table: SlotTable) => Promise<SlotTable>,
): void {
  const behaves = (what: string, run: (table: SlotTable) => Promise<SlotTable | undefined>) =>
    test(`slot table, ${name}: ${what}`, async () => {
      const table = await open()
      await ((await run(table)) ?? table).close()
    })

  behaves('a slot that nobody claimed has no row', async (table) => {
    assert.deepEqual(await table.read(), [])
    return undefined
  })

  behaves('many slots move at once, and are read back', async (table) => {
    const moves = Array.from({ length: 1_024 }, (_, slot) => move(slot, undefined, [1, 'a', 'node-a']))
    assert.deepEqual(
      await table.claim(moves),
      moves.map(() => true),
    )
    assert.deepEqual(
      await rows(table),
      moves.map((one) => row(one.slot, 1, 'a', 'node-a')),
    )
    return undefined
  })

  behaves('a slot moves only if epoch and log are those expected', async (table) => {
    await table.claim([move(3, undefined, [1, 'a', 'node-a'])])
    const refused = [
      move(3, undefined, [1, 'b', 'node-b']),
      move(3, [2, 'a'], [3, 'b', 'node-b']),
      // The same epoch with another log is another ownership.
      move(3, [1, 'b'], [2, 'b', 'node-b']),
      move(4, [1, 'a'], [2, 'b', 'node-b']),
    ]
    assert.deepEqual(await table.claim(refused), [false, false, false, false])
    assert.deepEqual(await rows(table), [row(3, 1, 'a', 'node-a')])
    assert.deepEqual(await table.claim([move(3, [1, 'a'], [2, 'b', 'node-b'])]), [true])
    assert.deepEqual(await rows(table), [row(3, 2, 'b', 'node-b')])
    return undefined
  })

  behaves('of many moves, those that may are made and the others are not', async (table) => {
    await table.claim([move(1, undefined, [1, 'a', 'node-a']), move(2, undefined, [5, 'a', 'node-a'])])
    const made = await table.claim([
      move(1, [1, 'a'], [2, 'b', 'node-b']),
      move(2, [1, 'a'], [2, 'b', 'node-b']),
      move(3, undefined, [1, 'b', 'node-b']),
    ])
    assert.deepEqual(made, [true, false, true])
    assert.deepEqual(await rows(table), [row(1, 2, 'b', 'node-b'), row(2, 5, 'a', 'node-a'), row(3, 1, 'b', 'node-b')])
    return undefined
  })

  behaves('of several that claim a slot at once, exactly one gets it', async (table) => {
    await table.claim([move(7, undefined, [1, 'a', 'node-a'])])
    const claims = await Promise.all(
      ['b', 'c', 'd', 'e'].map((log) => table.claim([move(7, [1, 'a'], [2, log, `node-${log}`])])),
    )
    assert.equal(claims.flat().filter(Boolean).length, 1)
    const winner = ['b', 'c', 'd', 'e'][claims.findIndex(([made]) => made)]!
    assert.deepEqual(await rows(table), [row(7, 2, winner, `node-${winner}`)])
    return undefined
  })

  if (reopen === undefined) return

  behaves('owners are the same after a restart', async (table) => {
    await table.claim([move(7, undefined, [1, 'a', 'node-a']), move(9, undefined, [1, 'a', 'node-a'])])
    await table.claim([move(7, [1, 'a'], [2, 'b', 'node-b'])])
    const again = await reopen(table)
    assert.deepEqual(await rows(again), [row(7, 2, 'b', 'node-b'), row(9, 1, 'a', 'node-a')])
    assert.deepEqual(await again.claim([move(7, [1, 'a'], [2, 'c', 'node-c'])]), [false])
    return again
  })
}

function move(slot: number, from: [number, string] | undefined, to: [number, string, string]): SlotMove {
  return {
    slot: slot as Slot,
    from: from && { epoch: from[0] as Epoch, log: from[1] as LogId },
    to: { epoch: to[0] as Epoch, log: to[1] as LogId, node: to[2] as NodeId },
  }
}

function row(slot: number, epoch: number, log: string, node: string): SlotRow {
  return { slot: slot as Slot, epoch: epoch as Epoch, log: log as LogId, node: node as NodeId }
}

async function rows(table: SlotTable): Promise<SlotRow[]> {
  const read = await table.read()
  return read.map(({ slot, epoch, log, node }) => ({ slot, epoch, log, node })).sort((a, b) => a.slot - b.slot)
}
