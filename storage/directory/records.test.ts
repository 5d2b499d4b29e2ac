import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import { SimulatedFileSystem } from '../file-system/simulated.js'
import { replaceFile } from '../file-system/small-file.js'
import { openClassicLevelRecords } from '../records/classic-level.js'
import type { Records } from '../records/port.js'
import { moveAppsFile } from './apps-file.js'
import { directoryContract } from './contract.js'
import type { DirectoryStore, StoredApp } from './port.js'
import { recordsDirectory } from './records.js'

const base = mkdtempSync(join(tmpdir(), 'chat4all-directory-'))
after(() => rmSync(base, { recursive: true }))
const below = new Map<DirectoryStore, { records: Records; folder: string }>()

async function openIn(folder: string): Promise<DirectoryStore> {
  const records = await openClassicLevelRecords({ folder })
  const directory = recordsDirectory(records)
  const closed: DirectoryStore = {
    ...directory,
    close: async () => {
      await directory.close()
      await records.close()
    },
  }
  below.set(closed, { records, folder })
  return closed
}
const newFolder = () => mkdtempSync(join(base, 'one-'))

directoryContract(
  'records',
  () => openIn(newFolder()),
  async (store) => {
    await store.close()
    return openIn(below.get(store)!.folder)
  },
)

const id = 'a' as AppId
const app: StoredApp = { id, name: 'A', secrets: [{ id: 's1', hash: 'one', created: 0 }], created: 0 }

/** Records that count how often they are asked, and fail when told. */
async function watched(): Promise<{ records: Records; asked: () => number; fail: (failing: boolean) => void }> {
  const inner = await openClassicLevelRecords({ folder: newFolder() })
  let gets = 0
  let failing = false
  const records: Records = {
    get: async (place) => {
      gets++
      if (failing) throw new Error('the store does not answer')
      return inner.get(place)
    },
    put: (...args) => inner.put(...args),
    remove: (...args) => inner.remove(...args),
    list: (...args) => inner.list(...args),
    close: () => inner.close(),
  }
  return {
    records,
    asked: () => gets,
    fail: (now) => {
      failing = now
    },
  }
}

test('an app that many ask for is read once, and a change elsewhere is seen two seconds later', async () => {
  const { records, asked } = await watched()
  let now = 0
  const here = recordsDirectory(records, { elapsed: () => now })
  const elsewhere = recordsDirectory(records)
  await here.createApp(app)
  const before = asked()
  for (let i = 0; i < 100; i++) assert.deepEqual(await here.app(id), app)
  await Promise.all(Array.from({ length: 100 }, () => here.app('nobody' as AppId)))
  assert.equal(asked() - before, 2)
  await elsewhere.changeApp(id, (current) => ({ ...current, name: 'B' }))
  assert.equal((await here.app(id))?.name, 'A')
  now += 2_000
  assert.equal((await here.app(id))?.name, 'B')
  await records.close()
})

test('a change made here is seen here at once', async () => {
  const { records } = await watched()
  const directory = recordsDirectory(records, { elapsed: () => 0 })
  assert.equal(await directory.app(id), undefined)
  await directory.createApp(app)
  assert.deepEqual(await directory.app(id), app)
  await records.close()
})

test('a store that fails is asked again by the next', async () => {
  const { records, fail } = await watched()
  const directory = recordsDirectory(records, { elapsed: () => 0 })
  await directory.createApp(app)
  fail(true)
  await assert.rejects(directory.app(id), /does not answer/)
  fail(false)
  assert.deepEqual(await directory.app(id), app)
  await records.close()
})

test('ids that no app can have are not looked up', async () => {
  const { records, asked } = await watched()
  const directory = recordsDirectory(records)
  for (const odd of ['', 'a\0b', 'x'.repeat(10_000), '\ud800'])
    assert.equal(await directory.app(odd as AppId), undefined)
  assert.equal(asked(), 0)
  await records.close()
})

test('apps of a file of old are moved once, and what was changed since stays', async () => {
  const disk = new SimulatedFileSystem()
  const old = { id, name: 'A', secretHashes: ['one'], created: 0 }
  await disk.makeFolder('/data')
  await replaceFile(disk, '/data/apps.json', JSON.stringify([old, { ...old, id: 'b' }]))
  const { records } = await watched()
  const directory = recordsDirectory(records)
  await directory.createApp({ ...app, name: 'changed' })
  await moveAppsFile(disk, '/data/apps.json', directory)
  assert.deepEqual(
    (await directory.apps()).map(({ id, name }) => [id, name]),
    [
      ['a', 'changed'],
      ['b', 'A'],
    ],
  )
  assert.deepEqual((await directory.app('b' as AppId))?.secrets, app.secrets)
  await directory.changeApp(id, (current) => ({ ...current, name: 'again' }))
  await moveAppsFile(disk, '/data/apps.json', directory)
  assert.equal((await directory.app(id))?.name, 'again')
  await records.close()
})
