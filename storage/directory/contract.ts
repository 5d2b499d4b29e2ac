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

  behaves('apps come back as they were made, and are made once', async (store) => {
    const made = await Promise.all([app('a'), app('b'), app('c')].map((one) => store.createApp(one)))
    assert.deepEqual(made, [true, true, true])
    assert.equal(await store.createApp({ ...app('b'), name: 'another' }), false)
    assert.deepEqual(await store.app('b' as AppId), app('b'))
    assert.deepEqual((await store.apps()).map(({ id }) => id).sort(), ['a', 'b', 'c'])
    return undefined
  })

  behaves('of changes made at once none is lost', async (store) => {
    await store.createApp({ ...app('a'), secrets: [] })
    const add = (n: number) => (current: StoredApp) => ({
      ...current,
      secrets: [...current.secrets, { id: `s${n}`, hash: 'x', created: 0 }],
    })
    await Promise.all([1, 2, 3, 4].map((n) => store.changeApp('a' as AppId, add(n))))
    assert.deepEqual((await store.app('a' as AppId))?.secrets.map(({ id }) => id).sort(), ['s1', 's2', 's3', 's4'])
    assert.equal(await store.changeApp('nobody' as AppId, add(1)), undefined)
    const left = await store.changeApp('a' as AppId, () => undefined)
    assert.equal(left?.secrets.length, 4)
    return undefined
  })

  if (reopen === undefined) return

  behaves('apps are there after a restart', async (store) => {
    await store.createApp(app('a'))
    await store.createApp({ ...app('b'), disabled: true, quotas: { requestsPerSecond: 5 } })
    const again = await reopen(store)
    assert.deepEqual(await again.app('a' as AppId), app('a'))
    assert.deepEqual((await again.app('b' as AppId))?.quotas, { requestsPerSecond: 5 })
    assert.equal((await again.apps()).length, 2)
    return again
  })
}

function app(id: string): StoredApp {
  const created = 1_700_000_000_000
  return { id: id as AppId, name: `App “${id}”`, secrets: [{ id: 's1', hash: `hash of ${id}`, created }], created }
}
