import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { nodeFiles } from '../index.js'
import { type DownloadOptions, downloadFile } from './download-file.js'

const PART_BYTES = 100_000
const BYTES = randomBytes(PART_BYTES * 6 + 1_234)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const partsOf = (bytes: Buffer) =>
  Array.from({ length: Math.ceil(bytes.length / PART_BYTES) }, (_, i) =>
    bytes.subarray(i * PART_BYTES, (i + 1) * PART_BYTES),
  )
const folder = mkdtempSync(join(tmpdir(), 'chat4all-download-'))
after(() => rmSync(folder, { recursive: true }))
let paths = 0
const newPath = () => join(folder, `file-${++paths}`)

interface Fault {
  readonly status?: number
  readonly isWrong?: true
  readonly isChunked?: true
  readonly isClosing?: true
  readonly cutAfter?: number
}

/** A server with one file, and the store that has its bytes. */
class FileServer {
  /** First bytes of the ranges that were asked for. */
  readonly asked: number[] = []
  sentBytes = 0
  underWayMax = 0
  /** What goes wrong with the n-th range; after `cutAfter` of its bytes the connection breaks. */
  fault: (count: number) => Fault = () => ({})
  state = 'ready'
  manifest: readonly string[] | undefined = partsOf(BYTES).map(sha256)
  /** Nobody is answered before so many ask. */
  heldMin = 1
  private readonly held: (() => void)[] = []
  private underWay = 0
  private readonly http: Server

  private constructor() {
    this.http = createServer((request, response) => this.answer(request, response))
  }

  static async start(): Promise<FileServer> {
    const server = new FileServer()
    server.http.listen(0, '127.0.0.1')
    await once(server.http, 'listening')
    return server
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections()
    this.http.close()
    await once(this.http, 'close')
  }

  download(path: string, options: DownloadOptions = {}) {
    const { port } = this.http.address() as { port: number }
    return downloadFile(nodeFiles({ url: `http://127.0.0.1:${port}`, token: 't' }), 'f1', path, options)
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url!, 'http://server')
    const json = (body: object) => response.end(JSON.stringify(body))
    const about = { file_id: 'f1', state: this.state, size: BYTES.length, part_size: PART_BYTES }
    if (pathname === '/v1/files/f1') json({ ...about, checksum: sha256(BYTES), parts: this.manifest })
    else if (pathname === '/v1/files/f1/content') json({ url: '/bytes', expires: 0 })
    else this.send(request, response)
  }

  private send(request: IncomingMessage, response: ServerResponse): void {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range!)!
    const [start, end] = [Number(from), Number(to) + 1]
    const { status = 206, isWrong, isChunked, isClosing, cutAfter } = this.fault(this.asked.push(start))
    const bytes = isWrong ? Buffer.alloc(end - start) : BYTES.subarray(start, end)
    this.underWayMax = Math.max(this.underWayMax, ++this.underWay)
    response.writeHead(status, {
      'content-range': `bytes ${start}-${end - 1}/${BYTES.length}`,
      ...(isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes.length }),
      ...(isClosing && { connection: 'close' }),
    })
    this.held.push(() => {
      this.underWay--
      this.sentBytes += cutAfter ?? bytes.length
      if (cutAfter === undefined) response.end(bytes)
      else response.write(bytes.subarray(0, cutAfter), () => response.destroy())
    })
    if (this.held.length >= this.heldMin) for (const answer of this.held.splice(0)) answer()
  }
}

async function withServer(run: (server: FileServer) => Promise<void>): Promise<void> {
  const server = await FileServer.start()
  try {
    await run(server)
  } finally {
    await server.stop()
  }
}

test('a file comes in ranges, some at once, each byte once, and nothing is left beside it', () =>
  withServer(async (server) => {
    const path = newPath()
    const stored: number[] = []
    server.heldMin = 3
    const downloaded = await server.download(path, {
      parallel: 3,
      onProgress: ({ storedBytes }) => {
        if (storedBytes > 0) server.heldMin = 1
        stored.push(storedBytes)
      },
    })
    assert.deepEqual(downloaded, { size: BYTES.length, checksum: sha256(BYTES), receivedBytes: BYTES.length })
    assert.ok(readFileSync(path).equals(BYTES))
    assert.equal(existsSync(`${path}.part`), false)
    assert.equal(server.sentBytes, BYTES.length)
    assert.equal(server.underWayMax, 3)
    assert.deepEqual([stored[0], stored.at(-1)], [0, BYTES.length])
    assert.deepEqual(
      stored,
      stored.toSorted((a, b) => a - b),
    )
  }))

test('after a break the parts that are there, and right, do not come again', () =>
  withServer(async (server) => {
    const path = newPath()
    const draft = Buffer.from(BYTES.subarray(0, PART_BYTES * 5))
    // A hole, as a power cut leaves it, and a byte that is wrong.
    draft.fill(0, PART_BYTES, PART_BYTES * 2)
    draft[PART_BYTES * 3]! ^= 1
    writeFileSync(`${path}.part`, draft)
    const { receivedBytes } = await server.download(path)
    assert.deepEqual(
      server.asked.toSorted((a, b) => a - b),
      [1, 3, 5, 6].map((part) => part * PART_BYTES),
    )
    assert.equal(receivedBytes, BYTES.length - 3 * PART_BYTES)
    assert.ok(readFileSync(path).equals(BYTES))
  }))

test('what lies there of another, longer file is written over', () =>
  withServer(async (server) => {
    const path = newPath()
    writeFileSync(`${path}.part`, randomBytes(BYTES.length + 10))
    await server.download(path)
    assert.ok(readFileSync(path).equals(BYTES))
  }))

test('without a manifest everything comes anew', () =>
  withServer(async (server) => {
    const path = newPath()
    server.manifest = undefined
    writeFileSync(`${path}.part`, BYTES)
    assert.equal((await server.download(path)).receivedBytes, BYTES.length)
    assert.ok(readFileSync(path).equals(BYTES))
  }))

test('a range whose connection breaks goes on at the byte where it broke', () =>
  withServer(async (server) => {
    const path = newPath()
    server.fault = (count) => (count === 2 ? { cutAfter: 40_000 } : count === 5 ? { status: 503 } : {})
    const { receivedBytes } = await server.download(path)
    assert.equal(receivedBytes, BYTES.length)
    assert.ok(server.asked.some((start) => start % PART_BYTES !== 0))
    assert.ok(readFileSync(path).equals(BYTES))
  }))

test('stores may answer in chunks, or close each connection', () =>
  withServer(async (server) => {
    for (const fault of [{ isChunked: true }, { isClosing: true }] as const) {
      const path = newPath()
      server.fault = () => fault
      assert.equal((await server.download(path)).receivedBytes, BYTES.length)
      assert.ok(readFileSync(path).equals(BYTES))
    }
  }))

test('a part that came wrong is found and fetched again, it alone', () =>
  withServer(async (server) => {
    const path = newPath()
    server.fault = (count) => (count === 3 ? { isWrong: true } : {})
    const { receivedBytes } = await server.download(path)
    assert.equal(receivedBytes, BYTES.length + PART_BYTES)
    assert.ok(readFileSync(path).equals(BYTES))
  }))

test('a file that stays wrong is no file: nothing of it is kept', () =>
  withServer(async (server) => {
    const path = newPath()
    server.fault = () => ({ isWrong: true })
    server.manifest = undefined
    await assert.rejects(server.download(path), { code: 'INTERNAL' })
    assert.deepEqual([existsSync(path), existsSync(`${path}.part`)], [false, false])
  }))

test('one that is ended keeps what has come, and the next goes on', () =>
  withServer(async (server) => {
    const path = newPath()
    const ending = new AbortController()
    const onProgress = ({ storedBytes }: { readonly storedBytes: number }) => {
      if (storedBytes >= 2 * PART_BYTES) ending.abort(new Error('enough'))
    }
    await assert.rejects(server.download(path, { parallel: 1, signal: ending.signal, onProgress }), /enough/)
    assert.ok((await server.download(path)).receivedBytes <= BYTES.length - 2 * PART_BYTES)
    assert.ok(readFileSync(path).equals(BYTES))
  }))

test('a file that is not ready is not begun', () =>
  withServer(async (server) => {
    const path = newPath()
    server.state = 'verifying'
    await assert.rejects(server.download(path), { code: 'INVALID' })
    assert.equal(existsSync(`${path}.part`), false)
  }))
