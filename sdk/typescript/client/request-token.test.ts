import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { requestToken } from './request-token.js'
import { socketUrl } from './server-url.js'

const credentials = { clientId: 'app', clientSecret: 'secret' }

async function answering(t: TestContext, status: number, body: string): Promise<{ url: string; asked: unknown[] }> {
  const asked: unknown[] = []
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray()
    asked.push([request.method, request.url, JSON.parse(Buffer.concat(chunks).toString())])
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

test('credentials are exchanged for a token, that of a user where one is named', async (t) => {
  const { url, asked } = await answering(t, 200, '{"access_token":"abc","expires_in":60,"token_type":"Bearer"}')
  assert.deepEqual(await requestToken(url, credentials), { accessToken: 'abc', expiresInSeconds: 60 })
  await requestToken(`${url}/`, { ...credentials, user: 'ann' })
  assert.deepEqual(asked, [
    ['POST', '/auth/token', { client_id: 'app', client_secret: 'secret' }],
    ['POST', '/auth/token', { client_id: 'app', client_secret: 'secret', user: 'ann' }],
  ])
})

test('a refusal has the code that the server gave, or one that fits the status', async (t) => {
  const ours = await answering(t, 429, '{"code":"RATE_LIMITED","detail":"slow down","retry_after":1000}')
  const slowDown = { code: 'RATE_LIMITED', detail: 'slow down', retryAfter: 1000 }
  await assert.rejects(requestToken(ours.url, credentials), slowDown)
  const proxy = await answering(t, 502, '{}')
  await assert.rejects(requestToken(proxy.url, credentials), { code: 'UNAVAILABLE' })
  const other = await answering(t, 200, '{"hello":"world"}')
  await assert.rejects(requestToken(other.url, credentials), { code: 'INTERNAL' })
  const page = await answering(t, 200, '<html>')
  await assert.rejects(requestToken(page.url, credentials), { code: 'UNAVAILABLE' })
  await assert.rejects(requestToken('chat.example.com', credentials), { code: 'INVALID' })
})

test('an address of a server is one of its socket', () => {
  assert.equal(socketUrl('https://chat.example.com'), 'wss://chat.example.com/v1/socket')
  assert.equal(socketUrl('http://127.0.0.1:8080/'), 'ws://127.0.0.1:8080/v1/socket')
  assert.equal(socketUrl('ws://host/own/path?x=1'), 'ws://host/own/path?x=1')
  for (const bad of ['chat.example.com', 'ftp://host', '']) assert.throws(() => socketUrl(bad), { code: 'INVALID' })
})
