import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { AppId, Millis, UserId } from '@chat4all/protocol'
import { testEngine } from '@chat4all/protocol/testing'
import { type FileId, ObjectStores, recordsFiles, type Sha256, type StoreId } from '@chat4all/storage'
import { openS3 } from '@chat4all/storage/s3'
import type { Caller } from './caller.js'
import type { FileEvents } from './file-context.js'
import { FileService } from './file-service.js'
import { memoryRecords } from './testing/memory-records.js'
import { StoreDoor } from './testing/store-door.js'

// Two buckets of a real store stand for two stores, each behind a door of its own; behind the third door is nobody.

const gateway = testEngine('CHAT4ALL_TEST_MINIO')
const accessKey = process.env.CHAT4ALL_TEST_MINIO_KEY ?? 'chat4all-test'
const secretKey = process.env.CHAT4ALL_TEST_MINIO_SECRET ?? 'chat4all-test-secret'
/** So many that each of the three stores is somebody's first choice: all but once in 10^7 runs. */
const FILES = 64
const app = 'demo' as AppId
const ann: Caller = { app, user: 'ann' as UserId }
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex') as Sha256

let doors: Record<'east' | 'west' | 'gone', StoreDoor>
const opened: { objects: ObjectStores; files: FileService }[] = []
const made = new Map<StoreId, Set<string>>()

before(async () => {
  const address = gateway.includes('://') ? gateway : `http://${gateway}`
  doors = { east: await StoreDoor.to(address), west: await StoreDoor.to(address), gone: await StoreDoor.to(address) }
  await doors.gone.shut()
})
after(async () => {
  for (const door of [doors.east, doors.west]) {
    await door.shut()
    await door.open()
  }
  for (const { objects, files } of opened) {
    await files.settled()
    for (const [id, names] of made) for (const name of names) await objects.get(id)?.remove(name as never)
    await files.close()
    await objects.close()
  }
  for (const door of Object.values(doors)) await door.shut()
})

interface Scene {
  readonly objects: ObjectStores
  readonly files: FileService
  readonly health: [store: string, healthy: boolean][]
}

function scene(copies: number): Scene {
  const health: [string, boolean][] = []
  const stores = (['east', 'west', 'gone'] as const).map((name) => ({
    id: name as string as StoreId,
    weight: name === 'east' ? 2 : 1,
    store: openS3({
      endpoint: doors[name].url,
      accessKey,
      secretKey,
      bucket: `test-several-stores-${name}`,
      region: 'us-east-1',
    }),
  }))
  const objects = new ObjectStores(stores, {
    copies,
    healthMs: 1_000_000,
    onHealth: (id, healthy) => health.push([id, healthy]),
  })
  const nothing = () => {}
  const events: FileEvents = {
    initiated: nothing,
    verified: nothing,
    verificationFailed: nothing,
    removed: nothing,
    copied: nothing,
    failed: nothing,
  }
  const files = new FileService(
    {
      files: recordsFiles(memoryRecords()),
      objects,
      isMember: async () => false,
      events,
      now: () => Date.now() as Millis,
      newFileId: () => `f_${randomBytes(16).toString('base64url')}` as FileId,
    },
    { sweepMs: 1_000_000 },
  )
  opened.push({ objects, files })
  return { objects, files, health }
}

async function upload({ files }: Scene, bytes: Uint8Array<ArrayBuffer>): Promise<{ id: FileId; store: string }> {
  const about = { name: 'a.bin', mime: 'application/octet-stream', bytes: bytes.length, checksum: undefined }
  const { id, state } = await files.initiate(ann, ann.user, about)
  assert.equal(state.type, 'uploading')
  const { store, object } = (state as Extract<typeof state, { type: 'uploading' }>).place
  for (const id of ['east', 'west'] as StoreId[]) made.set(id, (made.get(id) ?? new Set()).add(object))
  const [part] = await files.partUrls(ann, id, [1])
  assert.equal((await fetch(part!.url, { method: 'PUT', body: bytes })).status, 200)
  await files.complete(ann, id, sha256(bytes), undefined)
  await verified(files, id)
  return { id, store }
}

/** Asks for the file as a client does. A connection of before a store went down may cost a verification its first try. */
async function verified(files: FileService, id: FileId): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    await files.settled()
    const { state } = await files.get(ann, id)
    if (state.type === 'ready') return
    assert.equal(state.type, 'verifying')
    assert.ok(Date.now() < deadline, 'verifying for 20 s')
    await setTimeout(20)
  }
}

async function download({ files }: Scene, id: FileId): Promise<Buffer> {
  const { url } = await files.download(ann, id, { disposition: 'attachment' })
  return Buffer.from(await (await fetch(url)).arrayBuffer())
}

test('several stores: new files go to those that answer, by weight, also before anybody knows that one does not', async () => {
  const at = scene(1)
  const counts: Record<string, number> = {}
  for (let i = 0; i < FILES; i++) {
    const bytes = randomBytes(1_000 + i)
    const { id, store } = await upload(at, bytes)
    counts[store] = (counts[store] ?? 0) + 1
    assert.ok((await download(at, id)).equals(bytes))
  }
  assert.deepEqual(Object.keys(counts).sort(), ['east', 'west'])
  assert.deepEqual(at.health, [['gone', false]])
})

test('several stores: a copy goes round a store that nobody knows to be down yet', async () => {
  // Each time a new edge, which has not asked the third store anything; it is the second choice for every third file.
  for (let i = 0; i < 10; i++) {
    const at = scene(2)
    const { id } = await upload(at, randomBytes(1_000))
    const content = await at.files.content(await at.files.get(ann, id))
    assert.deepEqual([...content!.copies].sort(), ['east', 'west'])
  }
})

test('several stores: a file with a copy elsewhere is read there while its store is down; one without comes back with it', async () => {
  const [copied, single] = [scene(2), scene(1)]
  const bytes = randomBytes(100_000)
  const { id } = await upload(copied, bytes)
  const alone = await upload(single, bytes)
  for (const name of ['east', 'west'] as const) {
    await doors[name].shut()
    await copied.objects.look()
    assert.ok((await download(copied, id)).equals(bytes), `while ${name} is down`)
    await single.objects.look()
    if (alone.store === name) await assert.rejects(download(single, alone.id))
    else assert.ok((await download(single, alone.id)).equals(bytes))
    // What is new goes elsewhere meanwhile.
    const other = await upload(single, randomBytes(10))
    assert.notEqual(other.store, name)
    await doors[name].open()
    await Promise.all([copied.objects.look(), single.objects.look()])
    assert.ok((await download(single, alone.id)).equals(bytes))
  }
})

test('several stores: an upload whose store goes down in the middle goes on there when it is back', async () => {
  const at = scene(1)
  const bytes = randomBytes(8 * 1024 * 1024 + 3)
  const about = { name: 'a.bin', mime: 'a/b', bytes: bytes.length, checksum: undefined }
  const { id, state } = await at.files.initiate(ann, ann.user, about)
  const { store, object } = (state as Extract<typeof state, { type: 'uploading' }>).place
  made.get(store)?.add(object)
  const put = async (part: number, body: Uint8Array<ArrayBuffer>) => {
    const [address] = await at.files.partUrls(ann, id, [part])
    return (await fetch(address!.url, { method: 'PUT', body })).status
  }
  assert.equal(await put(1, bytes.subarray(0, 8 * 1024 * 1024)), 200)
  const door = doors[store as string as 'east' | 'west']
  await door.shut()
  await assert.rejects(put(2, bytes.subarray(8 * 1024 * 1024)))
  await assert.rejects(at.files.parts(ann, id), { code: 'UNAVAILABLE' })
  await door.open()
  assert.deepEqual(
    (await at.files.parts(ann, id)).parts.map(({ part }) => part),
    [1],
  )
  assert.equal(await put(2, bytes.subarray(8 * 1024 * 1024)), 200)
  await at.files.complete(ann, id, sha256(bytes), undefined)
  await verified(at.files, id)
  assert.ok((await download(at, id)).equals(bytes))
})
