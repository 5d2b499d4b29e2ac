import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Files } from './files.js'
import type { PartTransport } from './part-transport.js'
import { blobSource } from './source.js'
import type { UploadOptions, UploadProgress, UploadState } from './upload.js'

const PART_BYTES = 10
const hash = (algorithm: string, bytes: Uint8Array | string) => createHash(algorithm).update(bytes).digest('hex')

/** A server of files in memory, as far as an upload meets it. */
class FakeServer {
  readonly stored = new Map<number, Buffer>()
  readonly calls: string[] = []
  readonly puts: number[] = []
  sameSize = false
  known: string | undefined
  /** Answers the n-th PUT otherwise than with 200. */
  /** The first answers to `initiate`, and the keys that came with all of them. */
  initiateFaults: (Error | number)[] = []
  readonly keys: string[] = []
  fault: (count: number) => number | Error | undefined = () => undefined
  inFlight = 0
  inFlightMax = 0
  private size = 0
  private checksum = ''

  readonly fetch: typeof fetch = async (input, init) => {
    const { pathname } = new URL(String(input))
    const body = init?.body ? JSON.parse(String(init.body)) : undefined
    this.calls.push(`${init?.method} ${pathname}`)
    const count = Math.ceil(this.size / PART_BYTES)
    const about = { file_id: 'f1', state: 'uploading', part_size: PART_BYTES, part_count: count, size: this.size }
    const answer = (json: object) => new Response(JSON.stringify(json))
    if (pathname === '/v1/files/initiate') {
      this.keys.push(new Headers(init?.headers).get('idempotency-key') ?? 'none')
      const fault = this.initiateFaults.shift()
      if (fault instanceof Error) throw fault
      if (fault !== undefined) return new Response('{}', { status: fault })
      this.size = body.size
      const reused = this.known !== undefined && body.checksum === this.known
      if (reused) this.checksum = body.checksum
      return answer({
        ...about,
        state: reused ? 'ready' : 'uploading',
        part_count: Math.ceil(body.size / PART_BYTES),
        parts: reused ? [] : [{ part_number: 1, url: '/objects/1' }],
        same_size: this.sameSize && body.checksum === undefined,
      })
    }
    if (pathname === '/v1/files/complete') {
      this.checksum = body.checksum
      return answer({})
    }
    if (init?.method === 'DELETE') return new Response(null, { status: 204 })
    if (pathname === '/v1/files/f1/parts' && init?.method === 'POST') {
      return answer({ parts: body.part_numbers.map((n: number) => ({ part_number: n, url: `/objects/${n}` })) })
    }
    if (pathname === '/v1/files/f1/parts') {
      const parts = [...this.stored].map(([part_number, bytes]) => ({
        part_number,
        size: bytes.length,
        md5: hash('md5', bytes),
      }))
      return answer({ ...about, parts })
    }
    return answer({ ...about, state: 'ready', name: 'a', mime: 'text/plain', checksum: this.checksum })
  }

  readonly transport: PartTransport = async (url, bytes, { signal, onSent }) => {
    const part = Number(url.split('/').at(-1))
    const outcome = this.fault(this.puts.push(part))
    this.inFlightMax = Math.max(this.inFlightMax, ++this.inFlight)
    try {
      await new Promise((resolve) => setImmediate(resolve))
      signal.throwIfAborted()
      if (outcome instanceof Error) throw outcome
      if (outcome !== undefined) return outcome
      this.stored.set(part, Buffer.from(bytes))
      onSent(bytes.length)
      return 200
    } finally {
      this.inFlight--
    }
  }

  whole(): string {
    const parts = [...this.stored].sort(([a], [b]) => a - b).map(([, bytes]) => bytes)
    return Buffer.concat(parts).toString()
  }

  upload(text: string, options: UploadOptions = {}) {
    const files = new Files({ url: 'http://server', token: 't', fetch: this.fetch, transport: this.transport })
    return files.uploadFile(blobSource(new File([text], 'a.txt', { type: 'text/plain', lastModified: 1 })), options)
  }
}

const TEXT = Array.from({ length: 65 }, (_, i) => String.fromCharCode(48 + i)).join('')

test('a file goes in parts, some at once, and is what was read', async () => {
  const server = new FakeServer()
  const progress: UploadProgress[] = []
  const states: (UploadState | undefined)[] = []
  const upload = server.upload(TEXT, {
    parallel: 3,
    onProgress: (one) => progress.push(one),
    onState: (state) => void states.push(state),
  })
  const file = await upload.result
  assert.deepEqual([file.checksum, file.reused], [hash('sha256', TEXT), false])
  assert.equal(server.whole(), TEXT)
  assert.equal(server.puts.length, 7)
  assert.ok(server.inFlightMax > 1 && server.inFlightMax <= 3)
  assert.deepEqual(progress.at(-1), { phase: 'done', storedBytes: 65, sentBytes: 65, totalBytes: 65 })
  assert.deepEqual(states, [{ fileId: 'f1', size: 65, fingerprint: '65 1' }, undefined])
})

test('an initiate whose answer was lost is sent again under its key', async () => {
  const server = new FakeServer()
  server.initiateFaults = [new Error('cut'), 503]
  await server.upload(TEXT).result
  assert.equal(server.keys.length, 3)
  assert.match(server.keys[0]!, /^[0-9a-f]{32}$/)
  assert.equal(new Set(server.keys).size, 1)
  await server.upload(TEXT).result
  assert.equal(new Set(server.keys).size, 2)
})

test('what is there is not sent again, unless it was cut off there', async () => {
  const server = new FakeServer()
  const resume = { fileId: 'f1', size: 65, fingerprint: '65 1' }
  await server.upload(TEXT).result
  server.stored.delete(3)
  server.stored.set(5, Buffer.from('cut off at'))
  server.puts.length = 0
  const file = await server.upload(TEXT, { resume }).result
  assert.deepEqual(server.puts.toSorted(), [3, 5])
  assert.equal(server.whole(), TEXT)
  assert.equal(file.checksum, hash('sha256', TEXT))
})

test('another content under the same name is another upload', async () => {
  const server = new FakeServer()
  await server.upload(TEXT, { resume: { fileId: 'f1', size: 65, fingerprint: '65 2' } }).result
  assert.ok(server.calls.includes('POST /v1/files/initiate'))
})

test('parts that fail are sent again, at a new address', async () => {
  const server = new FakeServer()
  server.fault = (count) => [undefined, new Error('cut'), 503, 403][count]
  assert.equal((await server.upload(TEXT).result).checksum, hash('sha256', TEXT))
  assert.equal(server.whole(), TEXT)
  assert.equal(server.puts.length, 10)
})

test('a file of a size that the user has is hashed first, and not sent if it is the same', async () => {
  const server = new FakeServer()
  server.sameSize = true
  server.known = hash('sha256', TEXT)
  const phases = new Set<string>()
  const file = await server.upload(TEXT, { onProgress: ({ phase }) => phases.add(phase) }).result
  assert.deepEqual([file.reused, server.puts.length], [true, 0])
  assert.ok(server.calls.includes('DELETE /v1/files/f1'))
  assert.deepEqual([...phases], ['hashing', 'done'])
  const other = new FakeServer()
  other.sameSize = true
  assert.equal((await other.upload(TEXT).result).reused, false)
  assert.equal(other.whole(), TEXT)
})

test('paused, nothing is sent; it goes on from there', async () => {
  const server = new FakeServer()
  const upload = server.upload(TEXT, { parallel: 1 })
  while (server.stored.size < 3) await new Promise((resolve) => setImmediate(resolve))
  upload.pause()
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  const there = server.stored.size
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(server.stored.size, there)
  assert.ok(there < 7 && upload.isPaused)
  upload.resume()
  assert.equal((await upload.result).checksum, hash('sha256', TEXT))
  assert.equal(server.whole(), TEXT)
})

test('an upload that is given up ends at once, paused or not, and is removed if asked', async () => {
  for (const isPaused of [false, true]) {
    const server = new FakeServer()
    const upload = server.upload(TEXT, { parallel: 1 })
    while (server.stored.size < 2) await new Promise((resolve) => setImmediate(resolve))
    if (isPaused) upload.pause()
    await upload.abort({ discard: true })
    await assert.rejects(upload.result, /was ended/)
    assert.ok(server.calls.includes('DELETE /v1/files/f1'))
    assert.ok(server.stored.size < 7)
  }
})
