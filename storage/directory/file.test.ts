import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import { failure, SimulatedFileSystem } from '../file-system/simulated.js'
import { directoryContract } from './contract.js'
import { openDirectoryFile } from './file.js'
import type { DirectoryStore } from './port.js'

const disks = new Map<DirectoryStore, SimulatedFileSystem>()

async function openOn(disk: SimulatedFileSystem): Promise<DirectoryStore> {
  const store = await openDirectoryFile({ path: '/data/directory', fileSystem: disk })
  disks.set(store, disk)
  return store
}

directoryContract(
  'file',
  () => openOn(new SimulatedFileSystem()),
  async (store) => openOn(disks.get(store)!.crash(() => 0)),
)

test('an app whose write failed is not there, and can be saved again', async () => {
  const disk = new SimulatedFileSystem()
  const store = await openOn(disk)
  const app = { id: 'a' as AppId, name: 'A', secretHashes: [], created: 0 }
  disk.fault = ({ kind, path }) => (kind === 'write' ? failure('ENOSPC', path) : undefined)
  await assert.rejects(store.saveApp(app), { code: 'ENOSPC' })
  assert.equal(await store.app(app.id), undefined)
  disk.fault = () => undefined
  await store.saveApp(app)
  assert.deepEqual(await store.app(app.id), app)
})
