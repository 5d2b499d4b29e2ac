import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { after, before, test } from 'node:test'
import { UnsuitedAnswer } from './range-answer.js'
import { RangeConnection } from './range-connection.js'
import { type ByteRange, type Store, StoreFault } from './store-fault.js'

/** Several times what the buffers of a connection hold. */
const BYTES = randomBytes(9 * 1024 * 1024 + 123)
const never = new AbortController().signal
let server: Server
let url: string
let connections = 0
/** The connection breaks after so many bytes of an answer. */
let cutAfter = Number.POSITIVE_INFINITY

before(async () => {
  server = createServer((request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range!)!
    const bytes = BYTES.subarray(Number(from), Number(to) + 1)
    response.writeHead(206, {
      'content-range': `bytes ${from}-${to}/${BYTES.length}`,
      'content-length': bytes.length,
    })
    if (bytes.length <= cutAfter) response.end(bytes)
    else response.write(bytes.subarray(0, cutAfter), () => response.destroy())
  })
  server.on('connection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}/file`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A disk that looks at what it was given only after a while: by then nothing may have changed. */
function slowDisk() {
  const stored = Buffer.alloc(BYTES.length)
  const offsets: number[] = []
  const store: Store = async (chunks, offset) => {
    offsets.push(offset)
    await turns(50)
    Buffer.concat(chunks).copy(stored, offset)
  }
  return { stored, offsets, store }
}

async function receiving(ranges: readonly ByteRange[], store: Store, signal = never): Promise<void> {
  const connection = new RangeConnection()
  try {
    for (const range of ranges) await connection.receive(url, range, store, signal)
  } finally {
    connection.close()
  }
}

test('bytes that come faster than they are stored wait, and none is changed while it is stored', async () => {
  const { stored, offsets, store } = slowDisk()
  const before = connections
  const cuts = [0, 1, 3_000_000, 3_000_000 + 2 * 1024 * 1024, BYTES.length]
  const ranges = cuts.slice(1).map((end, i) => ({ start: cuts[i]!, end }))
  await receiving(ranges, store)
  assert.ok(stored.equals(BYTES))
  assert.deepEqual(
    offsets,
    offsets.toSorted((a, b) => a - b),
  )
  assert.equal(connections - before, 1)
})

test('what came before a connection broke is stored, and then told', async () => {
  const { stored, store } = slowDisk()
  cutAfter = 4_500_000
  let endOf = 0
  const counting: Store = async (chunks, offset) => {
    await store(chunks, offset)
    endOf = offset + chunks.reduce((sum, { length }) => sum + length, 0)
  }
  await assert.rejects(receiving([{ start: 100, end: BYTES.length }], counting), StoreFault)
  cutAfter = Number.POSITIVE_INFINITY
  assert.ok(endOf > 100 && endOf <= 100 + 4_500_000)
  assert.ok(stored.subarray(100, endOf).equals(BYTES.subarray(100, endOf)))
})

test('a disk that fails ends it with its own error', async () => {
  const full: Store = () => Promise.reject(new Error('no space left'))
  await assert.rejects(receiving([{ start: 0, end: BYTES.length }], full), /no space left/)
})

test('ended from outside, nothing is stored after it was told', async () => {
  const ending = new AbortController()
  const { offsets, store } = slowDisk()
  const stopping: Store = async (chunks, offset) => {
    await store(chunks, offset)
    ending.abort(new Error('enough'))
  }
  await assert.rejects(receiving([{ start: 0, end: BYTES.length }], stopping, ending.signal), /enough/)
  const there = offsets.length
  await turns(100)
  assert.equal(offsets.length, there)
})

test('an encrypted store is left to node:http', async () => {
  const receive = new RangeConnection().receive('https://localhost/', { start: 0, end: 1 }, async () => {}, never)
  await assert.rejects(receive, UnsuitedAnswer)
})
