import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Epoch, LogId, NodeId, Slot } from '@chat4all/protocol'
import { failure, SimulatedFileSystem } from '../file-system/simulated.js'
import { slotTableContract } from './contract.js'
import { openSlotFile } from './file.js'
import type { SlotMove, SlotTable } from './port.js'

const folders = new Map<SlotTable, string>()
after(() => Promise.all([...folders.values()].map((folder) => rm(folder, { recursive: true, force: true }))))

async function openIn(folder: string): Promise<SlotTable> {
  const table = await openSlotFile({ path: join(folder, 'slots') })
  folders.set(table, folder)
  return table
}

slotTableContract(
  'file',
  async () => openIn(await mkdtemp(join(tmpdir(), 'chat4all-slots-'))),
  async (table) => {
    await table.close()
    return openIn(folders.get(table)!)
  },
)

const firstClaim: SlotMove = {
  slot: 1 as Slot,
  from: undefined,
  to: { epoch: 1 as Epoch, log: 'a' as LogId, node: 'node-a' as NodeId },
}
const secondClaim: SlotMove = { ...firstClaim, from: firstClaim.to, to: { ...firstClaim.to, epoch: 2 as Epoch } }

test('a batch of moves is one write, and a batch that moves nothing is none', async () => {
  const disk = new SimulatedFileSystem()
  const table = await openSlotFile({ path: '/data/slots', fileSystem: disk })
  let writes = 0
  disk.fault = ({ kind }) => {
    if (kind === 'write') writes++
    return undefined
  }
  await table.claim(Array.from({ length: 100 }, (_, slot) => ({ ...firstClaim, slot: slot as Slot })))
  await table.claim([firstClaim])
  assert.equal(writes, 1)
})

test('a claim whose write failed rejects and shows to nobody; the next one is made', async () => {
  const disk = new SimulatedFileSystem()
  const table = await openSlotFile({ path: '/data/slots', fileSystem: disk })
  disk.fault = ({ kind, path }) => (kind === 'sync' ? failure('EIO', path) : undefined)
  await assert.rejects(table.claim([firstClaim]), { code: 'EIO' })
  assert.deepEqual(await table.read(), [])
  disk.fault = () => undefined
  assert.deepEqual(await table.claim([firstClaim]), [true])
})

test('wherever the power fails during a claim, the row is the old one or the new one', async () => {
  for (let call = 1; ; call++) {
    const disk = new SimulatedFileSystem()
    const table = await openSlotFile({ path: '/data/slots', fileSystem: disk })
    await table.claim([firstClaim])
    let calls = 0
    let after: SimulatedFileSystem | undefined
    disk.fault = () => {
      if (++calls === call) after = disk.crash(() => 0.6)
      return undefined
    }
    const claimed = await table.claim([secondClaim]).catch(() => [false])
    const again = await openSlotFile({ path: '/data/slots', fileSystem: after ?? disk.crash(() => 0) })
    const [row] = await again.read()
    if (claimed[0]) assert.equal(row!.epoch, 2)
    else assert.ok(row!.epoch === 1 || row!.epoch === 2)
    if (after === undefined) return
  }
})

test('a damaged file is reported, not read', async () => {
  const disk = new SimulatedFileSystem()
  await (await openSlotFile({ path: '/data/slots', fileSystem: disk })).claim([firstClaim])
  disk.damage('/data/slots', 20)
  await assert.rejects(openSlotFile({ path: '/data/slots', fileSystem: disk }), /\/data\/slots is damaged/)
})

test('after close nothing works', async () => {
  const table = await openSlotFile({ path: '/data/slots', fileSystem: new SimulatedFileSystem() })
  await table.close()
  await assert.rejects(table.claim([firstClaim]), /closed/)
  await assert.rejects(table.read(), /closed/)
})
