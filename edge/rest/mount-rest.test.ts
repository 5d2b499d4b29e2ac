import { App, type TemplatedApp, us_socket_local_port } from 'uWebSockets.js'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pino } from 'pino'
import { mountRest } from './mount-rest.js'
import { type RestFixture, restFixture } from './testing/rest-fixture.js'

let app: TemplatedApp
let origin: string
/** Whose pages may call. */
const ORIGIN = 'https://app.example'
let fixture: RestFixture

before(async () => {
  fixture = await restFixture({ corsOrigins: [ORIGIN] })
  app = App()
  // The web chat, which answers GET of any path, and a probe: as an edge has them beside REST.
  app.get('/*', (res) => void res.end('web chat'))
  app.get('/healthz', (res) => void res.end('ok'))
  mountRest(app, fixture.rest, {
    logger: pino({ level: 'silent' }),
    limits: { bodyBytesMax: 10_000 },
    hstsSeconds: 60,
    corsOrigins: [ORIGIN],
  })
  origin = await new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket === false) reject(new Error('cannot listen'))
      else resolve(`http://127.0.0.1:${us_socket_local_port(socket as never)}`)
    })
  })
})
after(() => void app.close())

test('a message goes in and comes out over a real connection', async () => {
  const authorization = `Bearer ${await fixture.token('ana')}`
  const post = (path: string, json: unknown) =>
    fetch(origin + path, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(json),
    })
  const made = await post('/v1/conversations', { type: 'private', members: ['bob'] })
  assert.equal(made.status, 201)
  const { conversation_id } = (await made.json()) as { conversation_id: string }
  const message_id = '0d9f8c1e-6a1b-4d0e-9d5f-2b7c3a4e5f60'
  const accepted = await post('/v1/messages', { message_id, conversation_id, payload: { type: 'text', text: 'né 😀' } })
  assert.equal(accepted.status, 202)
  const page = await fetch(`${origin}/v1/conversations/${conversation_id}/messages?since=0`, {
    headers: { authorization },
  })
  const { messages } = (await page.json()) as { messages: { payload: unknown }[] }
  assert.deepEqual(
    messages.map(({ payload }) => payload),
    [{ type: 'text', text: 'né 😀' }],
  )
  const marked = await post(`/v1/conversations/${conversation_id}/receipts`, { read: 1 })
  assert.deepEqual([marked.status, await marked.text()], [204, ''])
  assert.equal(fixture.log.at(-1)?.remoteAddress, '127.0.0.1')
})

test('other routes of the port keep their paths, and REST its own', async () => {
  const text = async (path: string, method = 'GET') => (await fetch(origin + path, { method })).text()
  assert.equal(await text('/'), 'web chat')
  assert.equal(await text('/healthz'), 'ok')
  assert.match(await text('/v1/conversations'), /UNAUTHENTICATED/)
  assert.match(await text('/v1/nothing'), /NOT_FOUND/)
  assert.match(await text('/v2/nothing'), /NOT_FOUND/)
  assert.match(await text('/docs'), /swagger/)
  assert.match(await text('/openapi.json'), /"openapi":"3.1.0"/)
  assert.match(await text('/nothing', 'POST'), /NOT_FOUND/)
  assert.match(await text('/v1/messages', 'DELETE'), /METHOD_NOT_ALLOWED/)
})

test('what is refused before it reaches the API is a problem document like any other', async () => {
  const post = (from: string) =>
    fetch(`${origin}/v1/messages`, { method: 'POST', body: 'x'.repeat(10_001), headers: { origin: from } })
  const response = await post(ORIGIN)
  assert.equal(response.status, 413)
  assert.equal(response.headers.get('access-control-allow-origin'), ORIGIN)
  assert.equal(response.headers.get('strict-transport-security'), 'max-age=60')
  assert.equal((await post('https://evil.example')).headers.get('access-control-allow-origin'), null)
  assert.equal(response.headers.get('content-type'), 'application/problem+json')
  const { code, request_id } = (await response.json()) as { code: string; request_id: string }
  assert.equal(code, 'FRAME_TOO_LARGE')
  assert.equal(response.headers.get('x-request-id'), request_id)
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
})

test('HEAD of a page tells its type without its content', async () => {
  const response = await fetch(`${origin}/openapi.json`, { method: 'HEAD' })
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'application/json'])
  assert.equal(await response.text(), '')
})
