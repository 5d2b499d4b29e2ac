import { App, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js'
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { objectName, openEmbeddedObjects, type Upload } from '@chat4all/storage'
import { objectStoreContract } from '@chat4all/storage/contracts'
import { mountObjects } from './object-routes.js'

const base = mkdtempSync(join(tmpdir(), 'chat4all-object-routes-'))
after(() => rmSync(base, { recursive: true }))

async function open(corsOrigins: readonly string[] = []) {
  const store = await openEmbeddedObjects({ folder: mkdtempSync(join(base, 'one-')), key: randomBytes(32) })
  const faults: unknown[] = []
  const app = App()
  mountObjects(app, store, { corsOrigins, onFault: (error) => faults.push(error) })
  const listening = await new Promise<Parameters<typeof us_socket_local_port>[0]>((resolve) => {
    app.listen('127.0.0.1', 0, (socket) => resolve(socket as never))
  })
  const port = us_socket_local_port(listening)
  return {
    store,
    port,
    faults,
    base: `http://127.0.0.1:${port}`,
    async close() {
      us_listen_socket_close(listening)
      app.close()
      await store.close()
    },
  }
}

objectStoreContract('embedded, over the edge’s port', () => open())

const object = objectName('app/file')
async function begin(at: Awaited<ReturnType<typeof open>>, bytes: number): Promise<[Upload, string]> {
  const layout = { bytes, partBytes: bytes }
  const upload = { object, id: await at.store.begin(object, layout), layout }
  return [upload, at.base + (await at.store.partUrl(upload, 1, 60))]
}

test('a part of another length than announced is refused, and a client that goes leaves nothing', async () => {
  const at = await open()
  const [upload, url] = await begin(at, 1_000_000)
  assert.equal((await fetch(url, { method: 'PUT', body: 'short' })).status, 400)
  const { pathname, search } = new URL(url)
  await new Promise<void>((resolve) => {
    const socket = connect(at.port, '127.0.0.1', () => {
      socket.write(`PUT ${pathname}${search} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nhalf of it`)
      setTimeout(() => socket.destroy(), 50)
    }).on('close', () => resolve())
  })
  assert.deepEqual(await at.store.parts(upload), [])
  // Once the cut request has let go of the part, it can be put.
  const put = async () => (await fetch(url, { method: 'PUT', body: randomBytes(1_000_000) })).status
  let status = await put()
  for (const until = Date.now() + 30_000; status === 409 && Date.now() < until; status = await put())
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(status, 200)
  assert.deepEqual(at.faults, [])
  await at.close()
})

test('who reads slowly gets all of it, and who goes away in the middle harms nobody', async () => {
  const at = await open()
  const bytes = randomBytes(24 * 1024 * 1024)
  const [upload, url] = await begin(at, bytes.length)
  assert.equal((await fetch(url, { method: 'PUT', body: bytes })).status, 200)
  await at.store.complete(upload, await at.store.parts(upload))
  const options = { seconds: 60, contentType: 'application/octet-stream', contentDisposition: 'attachment' }
  const download = at.base + (await at.store.downloadUrl(object, options))
  const { pathname, search } = new URL(download)
  const read = (cutAfter: number) =>
    new Promise<string>((resolve) => {
      const hash = createHash('sha256')
      let head: Buffer<ArrayBuffer> | undefined = Buffer.alloc(0)
      let received = 0
      const socket = connect(at.port, '127.0.0.1', () =>
        socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`),
      )
      socket.on('data', (chunk) => {
        let body: Uint8Array = chunk
        if (head !== undefined) {
          head = Buffer.concat([head, chunk])
          const end = head.indexOf('\r\n\r\n')
          if (end < 0) return
          body = head.subarray(end + 4)
          head = undefined
        }
        hash.update(body)
        received += body.length
        if (received >= bytes.length || received >= cutAfter) return socket.destroy()
        // A pause now and then, so that the answer has to wait for room.
        if (received % 5 === 0) {
          socket.pause()
          setTimeout(() => socket.resume(), 2)
        }
      })
      socket.on('close', () => resolve(received >= bytes.length ? hash.digest('hex') : 'cut'))
    })
  const whole = createHash('sha256').update(bytes).digest('hex')
  assert.deepEqual(await Promise.all([read(Infinity), read(1_000_000), read(Infinity), read(1)]), [
    whole,
    'cut',
    whole,
    'cut',
  ])
  assert.deepEqual(at.faults, [])
  await at.close()
})

test('pages of allowed origins may put and get, others not', async () => {
  const at = await open(['https://app.example.org'])
  const [, url] = await begin(at, 5)
  const preflight = async (origin: string) =>
    (await fetch(url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } })).headers
  assert.equal((await preflight('https://app.example.org')).get('access-control-allow-methods'), 'GET, PUT')
  assert.equal((await preflight('https://evil.example.org')).get('access-control-allow-origin'), null)
  const put = await fetch(url, { method: 'PUT', body: '12345', headers: { origin: 'https://app.example.org' } })
  assert.equal(put.headers.get('access-control-allow-origin'), 'https://app.example.org')
  await at.close()
})
