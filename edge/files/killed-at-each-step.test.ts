import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { AppId, ConversationId, UserId } from '@chat4all/protocol'
import {
  type EmbeddedObjects,
  type FileId,
  ObjectStores,
  type Records,
  type Sha256,
  type StoreId,
} from '@chat4all/storage'
import type { Caller } from './caller.js'
import type { FileService } from './file-service.js'
import { UPLOAD_MS_MAX } from './limits.js'
import { type FileWorld, fileWorld } from './testing/file-world.js'
import { memoryRecords } from './testing/memory-records.js'

// An edge dies before each of its changes of a record or of the store, one run for each. Another edge then does what is
// left: nothing is locked, nothing is left over.

const app = 'demo' as AppId
const ann: Caller = { app, user: 'ann' as UserId }
const HELLO = Buffer.from('hello')
const CHECKSUM = createHash('sha256').update(HELLO).digest('hex') as Sha256
const STEPS_MAX = 60

interface Scene extends FileWorld {
  readonly clock: { now: number }
  readonly files: FileService
}

async function scene(records: Records): Promise<Scene> {
  const clock = { now: 1_770_000_000_000 }
  const world = await fileWorld({ now: () => clock.now, isMember: async () => true, records })
  return { ...world, clock, files: world.service() }
}

/** An edge that does so many changes, and then nothing any more. */
function dyingEdge(at: Scene, changesMax: number): { readonly edge: FileService; readonly dead: Promise<'died'> } {
  let changes = 0
  let die = (_: 'died'): void => {}
  const dead = new Promise<'died'>((resolve) => {
    die = resolve
  })
  const live = <T>(act: () => Promise<T>): Promise<T> => {
    if (changes <= changesMax) return act()
    die('died')
    return new Promise<never>(() => {})
  }
  const change = <T>(act: () => Promise<T>): Promise<T> => {
    changes++
    return live(act)
  }
  const { records, stores } = at
  const seen: Records = {
    get: (...args) => live(() => records.get(...args)),
    list: (...args) => live(() => records.list(...args)),
    put: (...args) => change(() => records.put(...args)),
    remove: (...args) => change(() => records.remove(...args)),
    close: async () => {},
  }
  const [store] = stores as [EmbeddedObjects]
  const reached: EmbeddedObjects = {
    ...store,
    begin: (...args) => change(() => store.begin(...args)),
    complete: (...args) => change(() => store.complete(...args)),
    abort: (...args) => change(() => store.abort(...args)),
    remove: (...args) => change(() => store.remove(...args)),
  }
  const objects = new ObjectStores([{ id: 'store-0' as StoreId, weight: 1, store: reached }], {
    copies: 1,
    healthMs: 1_000_000,
  })
  return { edge: at.service(seen, objects), dead }
}

const about = (checksum?: Sha256) => ({ name: 'a.txt', mime: 'text/plain', bytes: HELLO.length, checksum })

async function begin({ files, put }: Scene): Promise<FileId> {
  const { id } = await files.initiate(ann, ann.user, about())
  const [part] = await files.partUrls(ann, id, [1])
  assert.equal(await put(part!.url, HELLO), 200)
  return id
}

async function upload(at: Scene): Promise<FileId> {
  const id = await begin(at)
  assert.equal((await at.files.complete(ann, id, CHECKSUM, undefined)).state.type, 'ready')
  return id
}

/** What there is before, and what the edge that dies is asked. */
const ACTS: Record<string, (at: Scene) => Promise<(edge: FileService) => Promise<unknown>>> = {
  'begins an upload': async () => (edge) => edge.initiate(ann, ann.user, about()),
  'makes a file of bytes that are there': async (at) => {
    await upload(at)
    return (edge) => edge.initiate(ann, ann.user, about(CHECKSUM))
  },
  'completes an upload': async (at) => {
    const id = await begin(at)
    return (edge) => edge.complete(ann, id, CHECKSUM, undefined).then(() => edge.settled())
  },
  'completes an upload of bytes that are there': async (at) => {
    await upload(at)
    const id = await begin(at)
    return (edge) => edge.complete(ann, id, CHECKSUM, undefined).then(() => edge.settled())
  },
  'completes an upload of other bytes than were told': async (at) => {
    const id = await begin(at)
    const wrong = '0'.repeat(64) as Sha256
    return (edge) => edge.complete(ann, id, wrong, undefined).then(() => edge.settled())
  },
  'posts a file': async (at) => {
    const id = await upload(at)
    return (edge) => edge.post(ann, id, 'c1' as ConversationId)
  },
  'removes the last file of its bytes': async (at) => {
    const id = await upload(at)
    await at.files.post(ann, id, 'c1' as ConversationId)
    return (edge) => edge.remove(ann, id)
  },
  'removes one of two files of the same bytes': async (at) => {
    const [, id] = [await upload(at), await upload(at)]
    return (edge) => edge.remove(ann, id)
  },
  'drops an upload that nobody completed': async (at) => {
    await begin(at)
    at.clock.now += UPLOAD_MS_MAX
    return (edge) => edge.sweep()
  },
}

const KINDS = ['file', 'file-content'] as const

for (const [what, prepare] of Object.entries(ACTS)) {
  test(`an edge that ${what} may die at any step: others go on, and nothing is left over`, async () => {
    let steps = 0
    for (; steps < STEPS_MAX; steps++) {
      const records = memoryRecords()
      const at = await scene(records)
      const act = await prepare(at)
      const { edge, dead } = dyingEdge(at, steps)
      const outcome = await Promise.race([dead, act(edge).then(() => 'done')])
      await edge.close()
      const after = `after ${steps} changes`

      at.clock.now += 60_000
      await at.files.sweep()
      await at.files.settled()
      // Whatever was half done is in nobody's way.
      const again = await upload(at)
      const { url } = await at.files.download(ann, again, { disposition: 'attachment' })
      assert.equal((await at.fetch(url))?.toString(), 'hello', after)

      for (const { key } of await records.list({ kind: 'file', partition: app }, { limit: 100 })) {
        await at.files.remove(ann, key as FileId).catch((error: { code?: string }) => {
          if (error.code !== 'NOT_FOUND') throw error
        })
      }
      at.clock.now += 2 * UPLOAD_MS_MAX
      await at.files.sweep()
      await at.files.settled()
      await at.files.sweep()
      for (const kind of KINDS) assert.deepEqual(await records.list({ kind, partition: app }, { limit: 10 }), [], after)
      const references = { kind: 'file-reference', partition: `${app}/${CHECKSUM}` }
      assert.deepEqual(await records.list(references, { limit: 10 }), [], after)
      for (let partition = 0; partition < 8; partition++) {
        const reminders = { kind: 'file-reminder', partition: String(partition) }
        assert.deepEqual(await records.list(reminders, { limit: 10 }), [], after)
      }
      assert.deepEqual(at.stored(), [], after)
      if (outcome === 'done') break
    }
    assert.ok(steps > 0 && steps < STEPS_MAX, `it took ${steps} steps`)
  })
}
