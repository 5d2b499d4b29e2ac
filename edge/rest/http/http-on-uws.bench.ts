import { App, type HttpRequest, type HttpResponse, us_socket_local_port } from 'uWebSockets.js'
import { type ChildProcess, fork } from 'node:child_process'
import { connect } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type AppId, millis, seq, type UserId } from '@chat4all/protocol'
import { Hono } from 'hono'
import { pino } from 'pino'
import { fakeDirectory } from '../../auth/fake-directory.js'
import { memoryRecords } from '../../files/testing/memory-records.js'
import type { Requests } from '../../requests.js'
import { createRest } from '../create-rest.js'
import { BufferedResponse } from './buffered-response.js'
import { httpOnUws } from './http-on-uws.js'

/**
 * CPU of one small POST: bare uWebSockets.js, the adapter, the adapter with Hono, the same on the platform's own
 * Request and Response, and the whole API. The server is a process of its own, so that its CPU time is its own.
 * `node edge/dist/rest/http/http-on-uws.bench.js [requests]`
 */

const BODY = JSON.stringify({
  message_id: '0d9f8c1e-6a1b-4d0e-9d5f-2b7c3a4e5f60',
  conversation_id: 'p_3kVbq0wZr1yQy2uXn5m7Lg',
  payload: { type: 'text', text: 'x'.repeat(128) },
})
const ANSWER = (body: { message_id: string }) => ({ status: 'accepted', message_id: body.message_id, seq: 42 })
const CONNECTIONS = 50

const accepted = (text: string) =>
  new BufferedResponse(JSON.stringify(ANSWER(JSON.parse(text))), {
    status: 202,
    headers: { 'content-type': 'application/json' },
  })
const hono = new Hono().post('/v1/messages', async (c) => accepted(await c.req.raw.text()))
const platform = new Hono().post('/v1/messages', async (c) => c.json(ANSWER(await c.req.json()), 202))
const options = {
  bodyBytesMax: 65_536,
  bodyMsMax: 10_000,
  refuse: () => new Response(null, { status: 500 }),
  onFault: console.error,
}

/** All of a POST but its owner: token, schema, encoding, headers, log line (to nowhere). */
function wholeApi(): (res: HttpResponse, req: HttpRequest) => void {
  const api = createRest({
    requests: { post: async () => ({ seq: seq(42), time: millis(0) }) } as Partial<Requests> as Requests,
    authenticator: {
      verify: async () => ({ app: 'demo' as AppId, user: 'ana' as UserId, expires: Number.POSITIVE_INFINITY }),
      issue: () => Promise.reject(new Error('this benchmark asks for no token')),
    },
    directory: fakeDirectory(),
    records: memoryRecords(),
    logger: pino(pino.destination('/dev/null')),
    limits: { userRequestsPerSecond: 1e9, addressRequestsPerSecond: 1e9 },
  })
  return httpOnUws((request, peer) => api.fetch(request, peer), options)
}

const SERVERS: Record<string, (res: HttpResponse, req: HttpRequest) => void> = {
  'bare uWebSockets.js': (res) => {
    res.onAborted(() => {})
    res.onData((chunk, isLast) => {
      if (!isLast) throw new Error('the body of this benchmark comes whole')
      const answer = ANSWER(JSON.parse(Buffer.from(chunk).toString()))
      res.writeStatus('202 Accepted').writeHeader('content-type', 'application/json').end(JSON.stringify(answer))
    })
  },
  adapter: httpOnUws(async (request) => accepted(await request.text()), options),
  'adapter + Hono': httpOnUws((request) => hono.fetch(request), options),
  'adapter + Hono, platform’s objects': httpOnUws(async (light) => {
    const { method, url, headers } = light
    return platform.fetch(new Request(url, { method, headers, body: await light.arrayBuffer() }))
  }, options),
  'the whole API, its owners stubbed': wholeApi(),
}

function serve(name: string): void {
  App()
    .post('/v1/messages', SERVERS[name]!)
    .listen('127.0.0.1', 0, (socket) => {
      if (socket === false) throw new Error('cannot listen')
      process.send!({ port: us_socket_local_port(socket as never) })
    })
  process.on('message', () => process.send!({ cpu: process.cpuUsage() }))
}

export interface HttpBenchLine {
  readonly server: string
  readonly cpuMicros: number
  readonly requestsPerSecond: number
}

/** Measures each server in turn: CPU of the server's process per request, and the rate of one client process. */
export async function benchHttp(requests: number): Promise<HttpBenchLine[]> {
  const lines: HttpBenchLine[] = []
  for (const name of Object.keys(SERVERS)) lines.push(await measure(name, requests))
  return lines
}

async function measure(name: string, requests: number): Promise<HttpBenchLine> {
  const server = fork(fileURLToPath(import.meta.url), ['serve', name])
  try {
    const { port } = await ask<{ port: number }>(server)
    await load(port, Math.ceil(requests / 5)) // for the compiler
    const before = await cpuMicros(server)
    const started = performance.now()
    await load(port, requests)
    const seconds = (performance.now() - started) / 1000
    const used = (await cpuMicros(server)) - before
    return { server: name, cpuMicros: used / requests, requestsPerSecond: requests / seconds }
  } finally {
    server.kill()
  }
}

async function cpuMicros(server: ChildProcess): Promise<number> {
  server.send('cpu')
  const { cpu } = await ask<{ cpu: NodeJS.CpuUsage }>(server)
  return cpu.user + cpu.system
}

function ask<T>(server: ChildProcess): Promise<T> {
  return new Promise((resolve) => server.once('message', (message) => resolve(message as T)))
}

/** One request at a time on each of 50 connections. */
async function load(port: number, requests: number): Promise<void> {
  const request =
    'POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: */*\r\n' +
    `authorization: Bearer ${'x'.repeat(300)}\r\nuser-agent: bench\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`
  let left = requests
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () => {
      return new Promise<void>((done, fail) => {
        const socket = connect(port, '127.0.0.1')
        const next = () => {
          if (left-- > 0) socket.write(request)
          else socket.end(done)
        }
        socket.on('connect', next).on('error', fail)
        socket.on('data', (bytes) => {
          if (!bytes.toString('latin1', 0, 12).startsWith('HTTP/1.1 202')) fail(new Error(bytes.toString()))
          next()
        })
      })
    }),
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [first, second] = process.argv.slice(2)
  if (first === 'serve') serve(second!)
  else {
    for (const { server, cpuMicros, requestsPerSecond } of await benchHttp(Number(first ?? 100_000))) {
      console.log(
        `${cpuMicros.toFixed(1).padStart(6)} µs CPU  ${requestsPerSecond.toFixed(0).padStart(7)}/s  ${server}`,
      )
    }
  }
}
