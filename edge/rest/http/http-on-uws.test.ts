import { App, type TemplatedApp, us_socket_local_port } from 'uWebSockets.js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { type FetchHandler, httpOnUws } from './http-on-uws.js'
import { problemResponse } from './problem-response.js'

const BODY_BYTES_MAX = 100_000
/** A machine that does ten things at once may take its time between two parts of a body … */
const BODY_MS_MAX = 60_000
/** … and these are for what happens when the time is over. */
const HASTY_BODY_MS_MAX = 300

let apps: TemplatedApp[]
let port: number
let hastyPort: number
let handler: FetchHandler
let faults: unknown[] = []

const echo: FetchHandler = async (request, { remoteAddress }) =>
  Response.json({
    method: request.method,
    url: request.url,
    header: request.headers.get('x-test'),
    remoteAddress,
    body: request.method === 'GET' ? undefined : await request.text(),
  })

async function serve(bodyMsMax: number): Promise<number> {
  const handle = httpOnUws((request, peer) => handler(request, peer), {
    bodyBytesMax: BODY_BYTES_MAX,
    bodyMsMax,
    refuse: (fault) => problemResponse(fault),
    onFault: (error) => faults.push(error),
  })
  const app = App().any('/*', handle)
  apps.push(app)
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket === false) reject(new Error('cannot listen'))
      else resolve(us_socket_local_port(socket as never))
    })
  })
}

before(async () => {
  apps = []
  port = await serve(BODY_MS_MAX)
  hastyPort = await serve(HASTY_BODY_MS_MAX)
})
beforeEach(() => {
  handler = echo
  faults = []
})
after(() => apps.forEach((app) => void app.close()))

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** Writes bytes as they are, part by part in packets of their own, and reads one answer. */
async function raw(...parts: string[]): Promise<Answer> {
  const socket = await open()
  for (const part of parts) {
    socket.write(part)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const answer = await read(socket)
  socket.destroy()
  return answer
}

async function open(to = port): Promise<Socket> {
  const socket = connect(to, '127.0.0.1')
  socket.setNoDelay()
  await once(socket, 'connect')
  return socket
}

/** The next answer on the connection; of HEAD, only the headers are waited for. */
async function read(socket: Socket, hasBody = true): Promise<Answer> {
  let text = ''
  for (;;) {
    const end = text.indexOf('\r\n\r\n')
    if (end >= 0) {
      const [status, ...lines] = text.slice(0, end).split('\r\n')
      const pairs = lines.map((line) => line.split(/: ?/, 2) as [string, string])
      const headers = Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]))
      const body = text.slice(end + 4)
      const length = hasBody ? Number(headers['content-length'] ?? 0) : 0
      if (body.length >= length) return { status: Number(status!.split(' ')[1]), headers, body }
    }
    text += await nextChunk(socket)
  }
}

function nextChunk(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the connection ended without an answer'))
    socket.once('close', ended)
    socket.once('data', (chunk) => {
      // Between two reads nothing may flow by unseen.
      socket.pause()
      socket.off('close', ended)
      resolve(chunk.toString('latin1'))
    })
    socket.resume()
  })
}

/** A promise and the function that fulfils it. */
function signal(): { readonly given: Promise<void>; give(): void } {
  let give!: () => void
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}

const closed = (socket: Socket) => (socket.closed ? Promise.resolve() : once(socket.resume(), 'close'))

async function assertAlive(): Promise<void> {
  const { status } = await raw('GET /alive HTTP/1.1\r\nhost: x\r\n\r\n')
  assert.equal(status, 200)
}

test('a request arrives whole: method, path, query, headers, body, peer', async () => {
  const { status, headers, body } = await raw(
    'POST /a/b?c=d&e=%20 HTTP/1.1\r\nhost: x\r\nX-Test: yes\r\ncontent-length: 5\r\n\r\nhello',
  )
  assert.equal(status, 200)
  assert.match(headers['content-type']!, /json/)
  assert.deepEqual(JSON.parse(body), {
    method: 'POST',
    url: 'http://localhost/a/b?c=d&e=%20',
    header: 'yes',
    remoteAddress: '127.0.0.1',
    body: 'hello',
  })
})

test('a body in many packets, cut within a character, is one body', async () => {
  const bytes = Buffer.from('{"text":"né😀"}')
  const socket = await open()
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes.length}\r\n\r\n`)
  for (const byte of bytes) {
    socket.write(Buffer.of(byte))
    await new Promise(setImmediate)
  }
  const { body } = await read(socket)
  assert.equal(JSON.parse(Buffer.from(body, 'latin1').toString()).body, bytes.toString())
  socket.destroy()
})

test('a chunked body is one body', async () => {
  const { body } = await raw(
    'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n',
    '3\r\nabc\r\n',
    '2\r\nde\r\n0\r\n\r\n',
  )
  assert.equal(JSON.parse(body).body, 'abcde')
})

test('a post without a body reaches the handler at once', async () => {
  const { body } = await raw('POST / HTTP/1.1\r\nhost: x\r\n\r\n')
  assert.equal(JSON.parse(body).body, '')
  const empty = await raw('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
  assert.equal(JSON.parse(empty.body).body, '')
})

test('a connection serves one request after the other', async () => {
  const socket = await open()
  for (let i = 0; i < 3; i++) {
    socket.write(`GET /${i} HTTP/1.1\r\nhost: x\r\n\r\n`)
    assert.equal(JSON.parse((await read(socket)).body).url, `http://localhost/${i}`)
  }
  socket.destroy()
})

test('HEAD has the headers and no body, and the connection goes on', async () => {
  handler = async () => new Response(null, { headers: { 'x-test': 'yes', 'content-length': '42' } })
  const socket = await open()
  socket.write('HEAD / HTTP/1.1\r\nhost: x\r\n\r\n')
  const { status, headers, body } = await read(socket, false)
  assert.deepEqual([status, headers['x-test'], headers['content-length'], body], [200, 'yes', '42', ''])
  handler = echo
  socket.write('GET /next HTTP/1.1\r\nhost: x\r\n\r\n')
  assert.equal((await read(socket)).status, 200)
  socket.destroy()
})

test('204 has neither body nor length', async () => {
  handler = async () => new Response(null, { status: 204, headers: { allow: 'GET' } })
  const { status, headers } = await raw('OPTIONS / HTTP/1.1\r\nhost: x\r\n\r\n')
  assert.deepEqual([status, headers.allow, headers['content-length']], [204, 'GET', undefined])
})

test('a body that announces too much is refused before it is sent, and the connection ends', async () => {
  const socket = await open()
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${BODY_BYTES_MAX + 1}\r\n\r\n`)
  const { status, body } = await read(socket)
  assert.deepEqual([status, JSON.parse(body).code], [413, 'FRAME_TOO_LARGE'])
  await closed(socket)
  await assertAlive()
})

test('a body that turns out too large is refused, also in the middle of what is sent', async () => {
  handler = () => assert.fail('the handler saw it')
  const socket = await open()
  socket.on('error', () => {}) // The server may close while we still write.
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n')
  const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
  for (let i = 0; i < 8; i++) socket.write(chunk)
  assert.equal((await read(socket)).status, 413)
  await closed(socket)
  handler = echo
  await assertAlive()
  assert.deepEqual(faults, [])
})

test('exactly the bound is taken', async () => {
  const { status } = await raw(
    `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${BODY_BYTES_MAX}\r\n\r\n${'x'.repeat(BODY_BYTES_MAX)}`,
  )
  assert.equal(status, 200)
})

test('a body that does not come is refused after a while', async () => {
  handler = () => assert.fail('the handler saw it')
  const socket = await open(hastyPort)
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf')
  const { status, body } = await read(socket)
  assert.deepEqual([status, JSON.parse(body).code], [408, 'IDLE_TIMEOUT'])
  await closed(socket)
})

test('a handler that is slow does not run into the time for the body', async () => {
  handler = async (request, peer) => {
    await new Promise((resolve) => setTimeout(resolve, HASTY_BODY_MS_MAX + 100))
    return echo(request, peer)
  }
  // Head and body come at once, so that the body is never waited for.
  const socket = await open(hastyPort)
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx')
  assert.equal((await read(socket)).status, 200)
  socket.destroy()
})

test('a client that goes away, in the body or while the handler works, harms nobody', async () => {
  const begun = signal()
  const go = signal()
  const ended = signal()
  handler = async (request, peer) => {
    begun.give()
    await go.given
    const response = await echo(request, peer)
    setImmediate(ended.give)
    return response
  }
  const inBody = await open(hastyPort)
  inBody.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf')
  const inHandler = await open(hastyPort)
  inHandler.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx')
  await begun.given
  inBody.resetAndDestroy()
  inHandler.resetAndDestroy()
  // The server has seen the resets once a later connection was served.
  handler = echo
  await assertAlive()
  go.give()
  await ended.given
  await assertAlive()
  await new Promise((resolve) => setTimeout(resolve, HASTY_BODY_MS_MAX + 50)) // No timer of the dead body is left behind.
  await assertAlive()
  assert.deepEqual(faults, [])
})

test('a handler that throws is answered with 500 and reported', async () => {
  for (const bad of [
    () => {
      throw new Error('sync')
    },
    () => Promise.reject(new Error('async')),
  ]) {
    handler = bad
    const { status, body } = await raw('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    assert.deepEqual([status, JSON.parse(body).code], [500, 'INTERNAL'])
  }
  assert.deepEqual(
    faults.map((fault) => (fault as Error).message),
    ['sync', 'async'],
  )
})

test('an answer of megabytes arrives whole at a reader that is slow', async () => {
  const large = Buffer.alloc(5_000_000, 'abcdefghij')
  handler = async () => new Response(large)
  const request = httpRequest({ port, host: '127.0.0.1' }).end()
  const [response] = await once(request, 'response')
  await new Promise((resolve) => setTimeout(resolve, 100))
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  assert.ok(Buffer.concat(chunks).equals(large))
})

test('odd requests get an answer or an end, and the server lives', async () => {
  const odd = [
    'GET / HTTP/1.1\r\nhost: x\r\nx-test: h\u00e9llo \u0007\r\n\r\n',
    'GET //evil.example/ HTTP/1.1\r\nhost: x\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET http://evil.example/ HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET /%ff%00?%ff HTTP/1.1\r\nhost: x\r\n\r\n',
    'TRACE / HTTP/1.1\r\nhost: x\r\n\r\n',
    'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n',
    'NONSENSE / HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(100_000)}\r\n\r\n`,
    `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
    '\u0000\u0001\u0002\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(20),
  ]
  for (const bytes of odd) {
    const socket = await open()
    socket.on('error', () => {})
    socket.end(bytes)
    await closed(socket)
    await assertAlive()
  }
})

test('headers past their bound are refused, and the connection ends', async () => {
  const socket = await open()
  socket.write(`GET /a HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(20_000)}\r\n\r\n`)
  const answer = await read(socket, false)
  assert.equal(answer.status, 431)
  await closed(socket)
  await assertAlive()
})

test('headers that come byte by byte are not waited for without end', async () => {
  const socket = await open()
  socket.on('error', () => {})
  socket.write('GET /a HTTP/1.1\r\nhost: x\r\n')
  const drip = setInterval(() => socket.write('x-a: b\r\n'), 500)
  await closed(socket)
  clearInterval(drip)
  await assertAlive()
})
