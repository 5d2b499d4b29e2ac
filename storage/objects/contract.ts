import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { type Layout, NoSuchUploadError, type ObjectStore, objectName, type Upload, type UploadId } from './port.js'

export interface OpenObjectStore {
  readonly store: ObjectStore
  /** Where what answers relative addresses listens; undefined where all are absolute. */
  readonly base?: string
  close(): Promise<void>
}

/** The least that every store takes for a part that is not the last. */
const PART_BYTES = 5 * 1024 * 1024

/** What every adapter of ObjectStore promises, as tests. */
export function objectStoreContract(name: string, open: () => Promise<OpenObjectStore>): void {
  const behaves = (what: string, run: (at: Opened) => Promise<void>) =>
    test(`objects, ${name}: ${what}`, async () => {
      const opened = await open()
      try {
        await run(new Opened(opened))
      } finally {
        await opened.close()
      }
    })

  behaves('an object put in parts, in any order, comes back whole and in ranges', async (at) => {
    const bytes = randomBytes(PART_BYTES + 1_000)
    const upload = await at.begin(bytes.length)
    await at.put(upload, 2, bytes.subarray(PART_BYTES))
    await at.put(upload, 1, bytes.subarray(0, PART_BYTES))
    const parts = await at.store.parts(upload)
    assert.deepEqual(
      parts.map(({ part, bytes }) => [part, bytes]),
      [
        [1, PART_BYTES],
        [2, 1_000],
      ],
    )
    assert.equal(await at.store.stat(upload.object), undefined)
    await at.store.complete(upload, parts)
    assert.deepEqual(await at.store.stat(upload.object), { bytes: bytes.length })

    const url = await at.downloadUrl(upload)
    const whole = await fetch(url)
    assert.equal(whole.status, 200)
    assert.equal(whole.headers.get('content-type'), 'text/plain')
    assert.equal(whole.headers.get('content-disposition'), 'attachment; filename="a.txt"')
    assert.equal(whole.headers.get('accept-ranges'), 'bytes')
    assert.equal(whole.headers.get('content-length'), String(bytes.length))
    assert.ok(Buffer.from(await whole.arrayBuffer()).equals(bytes))
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 1],
      [`bytes=${PART_BYTES - 5}-${PART_BYTES + 4}`, PART_BYTES - 5, PART_BYTES + 5],
      [`bytes=${PART_BYTES}-`, PART_BYTES, bytes.length],
      ['bytes=-7', bytes.length - 7, bytes.length],
      [`bytes=10-${bytes.length + 10}`, 10, bytes.length],
    ] as const) {
      const some = await fetch(url, { headers: { range } })
      assert.equal(some.status, 206, range)
      assert.equal(some.headers.get('content-range'), `bytes ${from}-${to - 1}/${bytes.length}`)
      assert.ok(Buffer.from(await some.arrayBuffer()).equals(bytes.subarray(from, to)), range)
    }
    assert.equal((await fetch(url, { headers: { range: `bytes=${bytes.length}-` } })).status, 416)
  })

  behaves('the hashes of a stored object are those of its whole and of its parts', async (at) => {
    const bytes = randomBytes(PART_BYTES + 1)
    const upload = await at.whole(bytes)
    assert.deepEqual(await at.store.digest(upload.object, PART_BYTES), {
      bytes: bytes.length,
      sha256: sha256(bytes),
      parts: [sha256(bytes.subarray(0, PART_BYTES)), sha256(bytes.subarray(PART_BYTES))],
    })
    assert.equal(await at.store.digest(at.name(), PART_BYTES), undefined)
  })

  behaves('a part that is put again counts once, as it was last', async (at) => {
    const upload = await at.begin(10)
    await at.put(upload, 1, Buffer.from('0123456789'))
    await at.put(upload, 1, Buffer.from('9876543210'))
    const parts = await at.store.parts(upload)
    assert.equal(parts.length, 1)
    await at.store.complete(upload, parts)
    assert.equal(await (await fetch(await at.downloadUrl(upload))).text(), '9876543210')
  })

  behaves('nobody has what was not completed, and nothing is there of what was aborted', async (at) => {
    const upload = await at.begin(10)
    await at.put(upload, 1, randomBytes(10))
    const second: Upload = { ...upload, id: await at.store.begin(upload.object, upload.layout) }
    assert.equal((await fetch(await at.downloadUrl(upload))).status, 404)
    await at.store.abort(upload.object)
    await at.store.abort(upload.object)
    for (const one of [upload, second]) {
      await assert.rejects(at.store.parts(one), NoSuchUploadError)
      await assert.rejects(at.store.complete(one, [{ part: 1, bytes: 10, etag: '1' }]))
      assert.equal((await at.send(one, 1, randomBytes(10))).status, 404)
    }
    await assert.rejects(at.store.parts({ ...upload, id: 'unheard-of' as UploadId }), NoSuchUploadError)
  })

  behaves('completing twice does no harm', async (at) => {
    const upload = await at.begin(10)
    await at.put(upload, 1, randomBytes(10))
    const parts = await at.store.parts(upload)
    await at.store.complete(upload, parts)
    await at.store.complete(upload, parts).catch((error: unknown) => assert.ok(error instanceof NoSuchUploadError))
    await at.store.abort(upload.object)
    assert.deepEqual(await at.store.stat(upload.object), { bytes: 10 })
  })

  behaves('a removed object is gone, and removing it again is no error', async (at) => {
    const upload = await at.whole(randomBytes(10))
    await at.store.remove(upload.object)
    await at.store.remove(upload.object)
    assert.equal(await at.store.stat(upload.object), undefined)
    assert.equal((await fetch(await at.downloadUrl(upload))).status, 404)
  })

  behaves('an address that was changed, or has ended, opens nothing', async (at) => {
    const upload = await at.whole(randomBytes(10))
    const other = await at.whole(randomBytes(10))
    const url = await at.downloadUrl(upload)
    const status = async (to: string) => (await fetch(to)).status
    assert.equal(await status(url), 200)
    assert.equal(await status(url.replace(upload.object, other.object)), 403)
    assert.equal(await status(url.replace(/(ignature=.).../, '$1AAA')), 403)
    assert.equal((await fetch(url, { method: 'PUT', body: 'x' })).status, 403)
    const next = await at.begin(20)
    const partUrl = await at.partUrl(next, 1)
    assert.equal(
      (await fetch(partUrl.replace(/([?&]part\w*=)1(&|$)/i, '$12$2'), { method: 'PUT', body: 'x' })).status,
      403,
    )
    // A store may count whole seconds: one may be over in a millisecond.
    const brief = await at.downloadUrl(upload, 5)
    assert.equal(await status(brief), 200)
    await new Promise((resolve) => setTimeout(resolve, 6_100))
    assert.equal(await status(brief), 403)
  })

  behaves('a whole object is written from a stream, and read as one', async (at) => {
    const bytes = randomBytes(PART_BYTES * 2)
    const object = at.name()
    await at.store.write(object, bytes.length, Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]))
    const read: Buffer[] = []
    for await (const chunk of await at.store.read(object)) read.push(chunk)
    assert.ok(Buffer.concat(read).equals(bytes))
  })

  behaves('a store that answers is healthy', (at) => at.store.health())
}

class Opened {
  readonly store: ObjectStore
  private readonly base: string | undefined

  constructor({ store, base }: OpenObjectStore) {
    this.store = store
    this.base = base
  }

  name() {
    return objectName(`app-1/${randomBytes(8).toString('hex')}`)
  }

  async begin(bytes: number): Promise<Upload> {
    const object = this.name()
    const layout: Layout = { bytes, partBytes: PART_BYTES }
    return { object, id: await this.store.begin(object, layout), layout }
  }

  async partUrl(upload: Upload, part: number): Promise<string> {
    return new URL(await this.store.partUrl(upload, part, 60), this.base).href
  }

  async send(upload: Upload, part: number, body: Uint8Array<ArrayBuffer>): Promise<Response> {
    const response = await fetch(await this.partUrl(upload, part), { method: 'PUT', body })
    await response.arrayBuffer()
    return response
  }

  async put(upload: Upload, part: number, body: Uint8Array<ArrayBuffer>): Promise<void> {
    assert.equal((await this.send(upload, part, body)).status, 200)
  }

  async whole(bytes: Buffer<ArrayBuffer>): Promise<Upload> {
    const upload = await this.begin(bytes.length)
    for (let part = 1; (part - 1) * PART_BYTES < bytes.length; part++) {
      await this.put(upload, part, bytes.subarray((part - 1) * PART_BYTES, part * PART_BYTES))
    }
    await this.store.complete(upload, await this.store.parts(upload))
    return upload
  }

  async downloadUrl({ object }: Upload, seconds = 60): Promise<string> {
    const options = { seconds, contentType: 'text/plain', contentDisposition: 'attachment; filename="a.txt"' }
    return new URL(await this.store.downloadUrl(object, options), this.base).href
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
