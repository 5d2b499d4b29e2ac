import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import type { DirectoryStore, StoredApp } from './port.js'

/**
 * What every adapter of DirectoryStore promises, as tests.
 * @param open opens a store of its own, empty
 * @param reopen closes a store and opens the same one again; leave it out for what lives in memory
 */
export function directoryContract(
  name: string,
  open: () => Promise<DirectoryStore>,
  reopen?: (store: DirectoryStore) => Promise<DirectoryStore>,
): void {
  const behaves = (what: string, run: (store: DirectoryStore) => Promise<DirectoryStore | undefined>) =>
    test(`directory, ${name}: ${what}`, async () => {
      const store = await open()
      await ((await run(store)) ?? store).close()
    })

  behaves('an app that was never saved is not there', async (store) => {
    assert.equal(await store.app('nobody' as AppId), undefined)
    assert.deepEqual(await store.apps(), [])
    return undefined
  })

  behaves('apps come back as they were saved, and saving again replaces', async (store) => {
    await Promise.all([app('a'), app('b'), app('c')].map((one) => store.saveApp(one)))
    await store.saveApp({ ...app('b'), secretHashes: ['old', 'new'] })
    assert.deepEqual(await store.app('a' as AppId), app('a'))
    assert.deepEqual(await store.app('b' as AppId), { ...app('b'), secretHashes: ['old', 'new'] })
    assert.deepEqual((await store.apps()).map(({ id }) => id).sort(), ['a', 'b', 'c'])
    return undefined
  })

  if (reopen === undefined) return

  behaves('apps are there after a restart', async (store) => {
    await store.saveApp(app('a'))
    await store.saveApp(app('b'))
    const again = await reopen(store)
    assert.deepEqual(await again.app('a' as AppId), app('a'))
    assert.equal((await again.apps()).length, 2)
    return again
  })
}

function app(id: string): StoredApp {
  return { id: id as AppId, name: `App “${id}”`, secretHashes: [`hash of ${id}`], created: 1_700_000_000_000 }
}
