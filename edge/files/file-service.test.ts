import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { AppId, ConversationId, UserId } from '@chat4all/protocol'
import { type FileId, ObjectStoreUnavailableError, type Records, type Sha256, type StoredFile } from '@chat4all/storage'
import type { Caller } from './caller.js'
import type { FileService } from './file-service.js'
import { UPLOAD_MS_MAX, VERIFY_AGAIN_MS } from './limits.js'
import { type FileWorld, type FileWorldOptions, fileWorld } from './testing/file-world.js'
import { memoryRecords } from './testing/memory-records.js'

const app = 'demo' as AppId
const by = (user: string | undefined, of: AppId = app): Caller => ({ app: of, user: user as UserId | undefined })
const C1 = 'c1' as ConversationId
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex') as Sha256
const HELLO = Buffer.from('hello')

interface Scene extends FileWorld {
  readonly members: Map<ConversationId, Set<string>>
  readonly clock: { now: number }
  readonly files: FileService
}

async function scene(options: Partial<FileWorldOptions> = {}): Promise<Scene> {
  const members = new Map([[C1, new Set(['ann', 'bob'])]])
  const clock = { now: 1_770_000_000_000 }
  const world = await fileWorld({
    now: () => clock.now,
    isMember: async (of, conversation, user) => of === app && members.get(conversation)?.has(user) === true,
    ...options,
  })
  return { ...world, members, clock, files: world.service() }
}

const about = (bytes: Uint8Array, checksum?: Sha256) => ({
  name: 'a.txt',
  mime: 'text/plain',
  bytes: bytes.length,
  checksum,
})
const ownerOf = ({ user }: Caller) => user

async function begin({ files, put }: Scene, caller: Caller, bytes: Uint8Array): Promise<StoredFile> {
  const file = await files.initiate(caller, ownerOf(caller), about(bytes))
  const [first] = await files.partUrls(caller, file.id, [1])
  assert.equal(await put(first!.url, bytes), 200)
  return file
}

async function upload(at: Scene, caller: Caller, bytes: Uint8Array = HELLO): Promise<StoredFile> {
  const file = await begin(at, caller, bytes)
  const done = await at.files.complete(caller, file.id, sha256(bytes), undefined)
  assert.equal(done.state.type, 'ready')
  return done
}

async function bytesOf(at: Scene, caller: Caller, id: FileId): Promise<string | undefined> {
  const { url } = await at.files.download(caller, id, { disposition: 'attachment' })
  return (await at.fetch(url))?.toString()
}

const objectsIn = async ({ stores }: Scene, ...ids: FileId[]) => {
  const there = await Promise.all(ids.map((id) => stores[0]!.stat(`${app}/${id}` as never)))
  return there.map((stat) => stat !== undefined)
}
const notFound = { code: 'NOT_FOUND' }

test('a file is its owner’s, then also of those in whose conversation it was posted, as long as they are members', async () => {
  const at = await scene()
  const { id } = await upload(at, by('ann'))
  assert.equal(await bytesOf(at, by('ann'), id), 'hello')
  assert.equal(await bytesOf(at, by(undefined), id), 'hello')
  await assert.rejects(at.files.get(by('bob'), id), notFound)
  await assert.rejects(at.files.get(by(undefined, 'other' as AppId), id), notFound)
  assert.equal(await at.files.post(by('bob'), id, C1), false)
  assert.equal(await at.files.post(by('ann'), id, C1), true)
  assert.equal(await bytesOf(at, by('bob'), id), 'hello')
  // Who may read it may pass it on.
  assert.equal(await at.files.post(by('bob'), id, 'c2' as ConversationId), true)
  at.members.get(C1)!.delete('bob')
  await assert.rejects(at.files.get(by('bob'), id), notFound)
  await assert.rejects(at.files.remove(by('bob'), id), notFound)
})

test('an upload that another sees to its end: every call may be answered by another edge', async () => {
  const at = await scene()
  const caller = by('ann')
  const bytes = Buffer.alloc(8 * 1024 * 1024 + 5, 'x')
  const edges = Array.from({ length: 4 }, () => at.service())
  const file = await edges[0]!.initiate(caller, ownerOf(caller), about(bytes))
  const [first, second] = await edges[1]!.partUrls(caller, file.id, [1, 2])
  assert.deepEqual([first!.bytes, second!.bytes], [8 * 1024 * 1024, 5])
  await at.put(second!.url, bytes.subarray(8 * 1024 * 1024))
  assert.deepEqual(
    (await edges[2]!.parts(caller, file.id)).parts.map(({ part }) => part),
    [2],
  )
  await assert.rejects(edges[3]!.complete(caller, file.id, sha256(bytes), undefined), /Not uploaded yet: part 1/)
  await at.put(first!.url, bytes.subarray(0, 8 * 1024 * 1024))
  const done = await edges[3]!.complete(caller, file.id, sha256(bytes), undefined)
  assert.equal(done.state.type, 'ready')
  assert.equal((await edges[0]!.complete(caller, file.id, sha256(bytes), undefined)).state.type, 'ready')
  await assert.rejects(edges[0]!.complete(caller, file.id, sha256('other'), undefined), { code: 'INVALID' })
  await assert.rejects(edges[0]!.partUrls(caller, file.id, [1]), { code: 'INVALID' })
})

test('bytes that are not those of the checksum are refused, part by part where the client told, and go after a day', async () => {
  const at = await scene()
  const file = await begin(at, by('ann'), HELLO)
  const done = await at.files.complete(by('ann'), file.id, sha256('other'), [sha256('other')])
  assert.equal(done.state.type, 'failed')
  assert.match(
    (done.state as { reason: string }).reason,
    /part 1 has another SHA-256.*complete it again.*initiate it anew/,
  )
  await assert.rejects(at.files.download(by('ann'), file.id, { disposition: 'inline' }), notFound)
  assert.equal(await at.files.post(by('ann'), file.id, C1), false)
  // Every reminder that comes before finds nothing to do.
  for (const hours of [1, 22]) {
    at.clock.now += hours * 3_600_000
    await at.files.sweep()
    assert.equal((await at.files.get(by('ann'), file.id)).state.type, 'failed')
    assert.deepEqual(await objectsIn(at, file.id), [true])
  }
  at.clock.now += 2 * 3_600_000
  await at.files.sweep()
  await assert.rejects(at.files.get(by('ann'), file.id), notFound)
  assert.deepEqual(await objectsIn(at, file.id), [false])
})

test('who told a wrong checksum tells the right one, at any edge: the bytes are sent once and read once', async () => {
  const at = await scene()
  const caller = by('ann')
  const [store] = at.stores
  let reads = 0
  const digest = store!.digest.bind(store)
  store!.digest = (...asked) => {
    reads++
    return digest(...asked)
  }
  const { id } = await begin(at, caller, HELLO)
  const complete = (whole: string, part?: string) =>
    at.service().complete(caller, id, sha256(whole), part === undefined ? undefined : [sha256(part)])
  assert.equal((await complete('wrong')).state.type, 'failed')
  const { state } = await complete('wrong too')
  assert.deepEqual(
    [state.type, 'checksum' in state && state.checksum, 'reason' in state && state.reason.includes(sha256(HELLO))],
    ['failed', sha256('wrong too'), true],
  )
  assert.match(JSON.stringify((await complete('hello', 'no part of it')).state), /of part 1 has another SHA-256/)
  at.clock.now += 3_600_000
  await at.files.sweep()
  assert.equal((await complete('hello', 'hello')).state.type, 'ready')
  assert.equal(reads, 1)
  assert.equal(await bytesOf(at, caller, id), 'hello')
  await assert.rejects(complete('wrong'), { code: 'INVALID' })
  at.clock.now += 48 * 3_600_000
  await at.files.sweep()
  assert.equal(await bytesOf(at, caller, id), 'hello')
})

test('what an edge found out about a wrong checksum is no verdict on the right one that was told meanwhile', async () => {
  const records = memoryRecords()
  const at = await scene({ records })
  const caller = by('ann')
  const { id } = await begin(at, caller, HELLO)
  // Two edges verify at once: nobody has said that he does when both look.
  const [store] = at.stores
  const digest = store!.digest.bind(store)
  let finish = (): void => {}
  const slow = at.service()
  await new Promise<void>((begun) => {
    store!.digest = async (...asked) => {
      begun()
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return digest(...asked)
    }
    void slow.complete(caller, id, sha256('wrong'), undefined)
  })
  store!.digest = digest
  at.clock.now += 40_000
  await at.files.get(caller, id)
  await at.files.settled()
  assert.equal((await at.files.get(caller, id)).state.type, 'failed')
  const quick = at.service({
    ...records,
    async put(place, ...rest) {
      const done = await records.put(place, ...rest)
      if (place.kind === 'file-content' && done) {
        finish()
        await slow.settled()
      }
      return done
    },
  })
  assert.equal((await quick.complete(caller, id, sha256(HELLO), undefined)).state.type, 'ready')
  at.clock.now += 48 * 3_600_000
  await at.files.sweep()
  assert.equal(await bytesOf(at, caller, id), 'hello')
  // Who uploads the same bytes gets them, too.
  const bobs = await upload(at, by('bob'))
  assert.equal(await bytesOf(at, by('bob'), bobs.id), 'hello')
})

test('bytes that are not the whole are not kept, and no checksum makes a file of them', async () => {
  const at = await scene()
  const caller = by('ann')
  const [store] = at.stores
  const digest = store!.digest.bind(store)
  store!.digest = async (...asked) => ({ ...(await digest(...asked))!, bytes: 4 })
  const { id } = await begin(at, caller, HELLO)
  const failed = await at.files.complete(caller, id, sha256(HELLO), undefined)
  assert.match(JSON.stringify(failed.state), /4 bytes were stored, 5 were announced: initiate it anew/)
  assert.deepEqual(await objectsIn(at, id), [false])
  assert.equal((await at.files.complete(caller, id, sha256(HELLO), undefined)).state.type, 'failed')
  await assert.rejects(at.files.complete(caller, id, sha256('hell'), undefined), /with another checksum/)
})

test('the same bytes of one user are not sent again, those of an app are kept once, and a checksum tells nobody anything', async () => {
  const at = await scene()
  const first = await upload(at, by('ann'))
  const known = about(HELLO, sha256(HELLO))
  const again = await at.files.initiate(by('ann'), 'ann' as UserId, known)
  assert.equal(again.state.type, 'ready')
  assert.equal(await bytesOf(at, by('ann'), again.id), 'hello')
  // Whoever knows only the checksum has to send the bytes: of the same app or another, it looks as if nobody had them.
  for (const caller of [by('bob'), by('eve', 'other' as AppId), by(undefined, 'other' as AppId)]) {
    assert.equal((await at.files.initiate(caller, caller.user, known)).state.type, 'uploading')
  }
  assert.equal((await at.files.initiate(by('ann'), 'ann' as UserId, { ...known, bytes: 6 })).state.type, 'uploading')
  // Bob has them, and sends them: they are there once.
  const bobs = await upload(at, by('bob'))
  assert.deepEqual(await objectsIn(at, first.id, bobs.id), [true, false])
  assert.equal(await bytesOf(at, by('bob'), bobs.id), 'hello')
  const others = await at.files.initiate(by('eve', 'other' as AppId), 'eve' as UserId, about(HELLO))
  assert.equal(await at.files.hasSameSize(others), false)
  // They stay until the last of them is removed.
  await at.files.remove(by('ann'), first.id)
  await at.files.remove(by('ann'), again.id)
  assert.equal(await bytesOf(at, by('bob'), bobs.id), 'hello')
  await at.files.remove(by('bob'), bobs.id)
  assert.deepEqual(await objectsIn(at, first.id, bobs.id), [false, false])
})

test('an upload that is not completed in time is dropped, with its parts', async () => {
  const at = await scene()
  const file = await begin(at, by('ann'), HELLO)
  const { place } = file.state as Extract<StoredFile['state'], { type: 'uploading' }>
  at.clock.now += UPLOAD_MS_MAX - 1
  await at.files.sweep()
  assert.equal((await at.files.parts(by('ann'), file.id)).parts.length, 1)
  at.clock.now += 1
  await at.files.sweep()
  await assert.rejects(at.files.parts(by('ann'), file.id), notFound)
  await assert.rejects(at.stores[0]!.parts({ object: place.object, id: place.upload, layout: file.layout }))
})

/** Records of an edge that dies at its n-th change: from then on nothing of it happens. */
function dyingAt(records: Records, changesMax: number): { seen: Records; dead: Promise<void> } {
  let changes = 0
  let die = (): void => {}
  const dead = new Promise<void>((resolve) => {
    die = resolve
  })
  const live = <T>(act: () => Promise<T>): Promise<T> => {
    if (changes <= changesMax) return act()
    die()
    return new Promise<never>(() => {})
  }
  const change = <T>(act: () => Promise<T>): Promise<T> => {
    changes++
    return live(act)
  }
  const seen: Records = {
    get: (...args) => live(() => records.get(...args)),
    list: (...args) => live(() => records.list(...args)),
    put: (...args) => change(() => records.put(...args)),
    remove: (...args) => change(() => records.remove(...args)),
    close: async () => {},
  }
  return { seen, dead }
}

test('wherever an edge dies in the middle of it, another completes the upload, and in the end removes all of it', async () => {
  let died = 0
  for (let changesMax = 0; changesMax < 14; changesMax++) {
    const records = memoryRecords()
    const at = await scene({ records })
    const file = await begin(at, by('ann'), HELLO)
    const { seen, dead } = dyingAt(records, changesMax)
    const dying = at.service(seen)
    const completed = dying.complete(by('ann'), file.id, sha256(HELLO), undefined).then(() => 'completed')
    if ((await Promise.race([dead, completed])) !== 'completed') died++
    await dying.close()
    at.clock.now += 60_000
    const done = await at.files.complete(by('ann'), file.id, sha256(HELLO), undefined)
    assert.equal(done.state.type, 'ready', `died after ${changesMax} changes`)
    assert.equal(await bytesOf(at, by('ann'), file.id), 'hello')
    await at.files.remove(by('ann'), file.id)
    at.clock.now += 2 * UPLOAD_MS_MAX
    await at.files.sweep()
    assert.deepEqual(await objectsIn(at, file.id), [false], `died after ${changesMax} changes`)
    assert.deepEqual(await records.list({ kind: 'file', partition: app }, { limit: 10 }), [])
    assert.deepEqual(await records.list({ kind: 'file-content', partition: app }, { limit: 10 }), [])
  }
  assert.ok(died > 4, `it died only ${died} times`)
})

test('nobody need ask: what a dead edge was verifying, a sweep verifies', async () => {
  const at = await scene()
  const file = await begin(at, by('ann'), HELLO)
  const [store] = at.stores as [(typeof at.stores)[0] & object]
  const { digest } = store
  await new Promise<void>((begun) => {
    store.digest = () => {
      begun()
      return new Promise(() => {})
    }
    void at.service().complete(by('ann'), file.id, sha256(HELLO), undefined)
  })
  store.digest = digest
  at.clock.now += 40_000
  await at.files.sweep()
  await at.files.settled()
  assert.equal((await at.files.get(by('ann'), file.id)).state.type, 'ready')
})

test('a store that does not answer while a file is verified is asked again by whoever asks for the file soon after', async () => {
  const at = await scene()
  const file = await begin(at, by('ann'), HELLO)
  const [store] = at.stores as [(typeof at.stores)[0] & object]
  const { digest } = store
  store.digest = () => Promise.reject(new ObjectStoreUnavailableError('reset'))
  const done = await at.files.complete(by('ann'), file.id, sha256(HELLO), undefined)
  assert.equal(done.state.type, 'verifying')
  store.digest = digest
  at.clock.now += VERIFY_AGAIN_MS
  await at.files.get(by('ann'), file.id)
  await at.files.settled()
  assert.equal((await at.files.get(by('ann'), file.id)).state.type, 'ready')
})

test('each file is brought to as many stores as are wanted, and read from one that answers', async () => {
  const at = await scene({ stores: 3, copies: 2 })
  const { id } = await upload(at, by('ann'))
  await at.files.settled()
  const holders = await Promise.all(at.stores.map((store) => store.stat(`${app}/${id}` as never)))
  assert.equal(holders.filter((stat) => stat !== undefined).length, 2)
  for (const [i, store] of at.stores.entries()) {
    store.health = async () => {
      throw new Error('down')
    }
    await at.objects.look()
    const { url } = await at.files.download(by('ann'), id, { disposition: 'attachment' })
    const healthy = at.stores.filter((_, other) => other !== i)
    const { pathname, search } = new URL(url, 'http://localhost')
    assert.ok(
      healthy.some((one) => one.serve(pathname, search) !== undefined),
      `store ${i} is down`,
    )
    store.health = async () => {}
    await at.objects.look()
  }
  await at.files.remove(by('ann'), id)
  const left = await Promise.all(at.stores.map((store) => store.stat(`${app}/${id}` as never)))
  assert.ok(left.every((stat) => stat === undefined))
})

test('copies that cannot be made now are made by a later sweep', async () => {
  const at = await scene({ stores: 2, copies: 2 })
  const broken = at.stores.map((store) => store.write)
  for (const store of at.stores) store.write = () => Promise.reject(new Error('full'))
  const { id } = await upload(at, by('ann'))
  await at.files.settled()
  assert.equal(
    at.events.some(([name]) => name === 'failed'),
    true,
  )
  for (const [i, store] of at.stores.entries()) store.write = broken[i]!
  at.clock.now += 120_000
  await at.files.sweep()
  const holders = await Promise.all(at.stores.map((store) => store.stat(`${app}/${id}` as never)))
  assert.ok(holders.every((stat) => stat !== undefined))
})
