import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { openClassicLevelRecords } from './classic-level.js'
import { recordsContract } from './contract.js'
import type { Records } from './port.js'

const base = mkdtempSync(join(tmpdir(), 'chat4all-records-'))
after(() => rmSync(base, { recursive: true }))
const folders = new Map<Records, string>()
let now = 1_700_000_000_000

async function openIn(folder: string): Promise<Records> {
  const records = await openClassicLevelRecords({ folder, now: () => now })
  folders.set(records, folder)
  return records
}
const newFolder = () => mkdtempSync(join(base, 'one-'))

recordsContract('classic-level', () => openIn(newFolder()), {
  reopen: async (records) => {
    await records.close()
    return openIn(folders.get(records)!)
  },
  pass: async (seconds) => {
    now += seconds * 1_000
  },
})

test('what has expired is deleted by later puts, though nobody asks for it', async () => {
  const folder = newFolder()
  const records = await openIn(folder)
  const place = (key: string) => ({ kind: 'k', partition: 'p', key })
  for (let i = 0; i < 20; i++) await records.put(place(`old-${i}`), Buffer.from('x'), undefined, { ttlSeconds: 1 })
  now += 2_000
  for (let i = 0; i < 20; i++) await records.put(place(`new-${i}`), Buffer.from('x'), undefined, { ttlSeconds: 1_000 })
  await records.close()
  const database = new ClassicLevel(folder)
  const keys = await database.keys().all()
  await database.close()
  assert.equal(keys.length, 20)
  assert.ok(keys.every((key) => key.includes('new-')))
})
