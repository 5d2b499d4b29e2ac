import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type EmbeddedObjects, openEmbeddedObjects, PartBusyError } from './embedded.js'
import { NoSuchUploadError, objectName, type Upload } from './port.js'

const base = mkdtempSync(join(tmpdir(), 'chat4all-objects-'))
after(() => rmSync(base, { recursive: true }))
const key = randomBytes(32)
const open = (folder = mkdtempSync(join(base, 'one-'))) => openEmbeddedObjects({ folder, key })
const object = objectName('app-1/file-1')
const layout = { bytes: 15, partBytes: 10 }

async function begin(store: EmbeddedObjects): Promise<Upload> {
  return { object, id: await store.begin(object, layout), layout }
}

async function writer(store: EmbeddedObjects, upload: Upload, part: number) {
  const { pathname, search } = new URL(await store.partUrl(upload, part, 60), 'http://localhost')
  return store.receive(pathname, search)!.open()
}

async function put(store: EmbeddedObjects, upload: Upload, part: number, text: string): Promise<void> {
  const into = await writer(store, upload, part)
  await into.write(Buffer.from(text))
  await into.finish()
}

// The contract itself runs over the edge's port, which answers the addresses: edge/files/object-routes.test.ts.

test('an upload goes on after a restart, with the parts that were whole', async () => {
  const folder = mkdtempSync(join(base, 'restart-'))
  const before = await open(folder)
  const upload = await begin(before)
  await put(before, upload, 2, '56789')
  const cut = await writer(before, upload, 1)
  await cut.write(Buffer.from('01234'))
  // The process ends here: nothing of part 1 was finished.
  const again = await open(folder)
  assert.deepEqual(
    (await again.parts(upload)).map(({ part }) => part),
    [2],
  )
  await put(again, upload, 1, '0123456789')
  await again.complete(upload, await again.parts(upload))
  assert.deepEqual(await again.stat(object), { bytes: 15 })
  await cut.abandon()
})

test('a part with too few or too many bytes does not count', async () => {
  const store = await open()
  const upload = await begin(store)
  const short = await writer(store, upload, 1)
  await short.write(Buffer.from('012345678'))
  await assert.rejects(short.finish(), /10 bytes, and 9 came/)
  await short.abandon()
  const long = await writer(store, upload, 2)
  await assert.rejects(long.write(Buffer.from('012345')), /5 bytes, and more came/)
  await long.abandon()
  assert.deepEqual(await store.parts(upload), [])
  await assert.rejects(store.complete(upload, []), /0 of 2 parts/)
})

test('a part that is being put again does not count until it is whole again', async () => {
  const store = await open()
  const upload = await begin(store)
  await put(store, upload, 1, '0123456789')
  const second = await writer(store, upload, 1)
  assert.deepEqual(await store.parts(upload), [])
  await assert.rejects(writer(store, upload, 1), PartBusyError)
  await second.write(Buffer.from('9876543210'))
  await second.finish()
  assert.equal((await store.parts(upload)).length, 1)
})

test('a part of an upload that was dropped meanwhile ends without leaving anything', async () => {
  const store = await open()
  const upload = await begin(store)
  const late = await writer(store, upload, 1)
  await late.write(Buffer.from('0123456789'))
  await store.abort(object)
  await assert.rejects(late.finish(), NoSuchUploadError)
  await assert.rejects(store.parts(upload), NoSuchUploadError)
})

test('an address of another server, or that leads out of the folder, is not one of ours', async () => {
  const store = await open()
  const stranger = await openEmbeddedObjects({ folder: mkdtempSync(join(base, 'one-')), key: randomBytes(32) })
  const options = { seconds: 60, contentType: 'text/plain', contentDisposition: 'inline' }
  const { pathname, search } = new URL(await stranger.downloadUrl(object, options), 'http://localhost')
  assert.equal(store.serve(pathname, search), undefined)
  assert.equal(store.serve('/objects/../../etc/passwd', search), undefined)
  assert.throws(() => objectName('../passwd'), RangeError)
  assert.throws(() => objectName('a/b/c'), RangeError)
})

test('the thread that hashes says what is wrong, and goes on', async () => {
  const { DigestThread } = await import('./digest/digest-thread.js')
  const hashing = new DigestThread()
  const server = createServer((_, response) => response.writeHead(503).end()).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const outcomes = await Promise.allSettled([
    hashing.digest({ url }, 10),
    hashing.digest({ path: join(base, 'nothing') }, 10),
    hashing.digest({ path: new URL(import.meta.url).pathname }, 1_000_000),
  ])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  )
  assert.match((outcomes[0] as PromiseRejectedResult).reason.message, /answered 503/)
  await hashing.close()
  server.close()
})
