import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { inProcessRateLimits } from '@chat4all/storage'
import { clientAddressBehind } from './http/client-address.js'
import { ADMIN_TOKEN, restFixture } from './testing/rest-fixture.js'

const LIST = '/v1/conversations'

test('every answer says which limits it counted under and what is left of them', async () => {
  const limits = { userRequestsPerSecond: 10, appRequestsPerSecond: 100, addressRequestsPerSecond: 1_000 }
  const fixture = await restFixture({ limits })
  const token = await fixture.token('ana')
  const { headers } = await fixture.call('GET', LIST, { token, peer: '198.51.100.1' })
  assert.equal(headers.get('ratelimit-policy'), '"address";q=2000;w=2, "user";q=20;w=2, "app";q=200;w=2')
  assert.equal(headers.get('ratelimit'), '"address";r=1999;t=2, "user";r=19;t=2, "app";r=199;t=2')
  // What is no endpoint, or has no token, counts for its address all the same.
  for (const path of ['/v1/nothing', LIST, '/docs']) {
    const answer = await fixture.call('GET', path, { peer: '198.51.100.1' })
    assert.match(answer.headers.get('ratelimit') ?? '', /^"address";r=\d+;t=2$/, path)
  }
})

test('a user that asks too often is told which limit it met, and when and how to go on; others are not disturbed', async () => {
  const fixture = await restFixture({ limits: { userRequestsPerSecond: 1 } })
  const [one, two] = [await fixture.token('ana'), await fixture.token('bob')]
  const ask = (token: string) => fixture.call('GET', LIST, { token })
  assert.deepEqual([(await ask(one)).status, (await ask(one)).status], [200, 200])
  fixture.pass(700)
  const { status, headers, body } = await ask(one)
  assert.equal(status, 429)
  assert.equal(headers.get('content-type'), 'application/problem+json')
  assert.deepEqual([body.code, body.retry_after, body['violated-policies']], ['RATE_LIMITED', 1_300, ['user']])
  assert.match(body.detail, /2 requests in 2 seconds.*Wait 1300 ms, then send the same request again/)
  // The header must not name a moment before the window's end.
  assert.deepEqual([headers.get('retry-after'), headers.get('ratelimit')], ['2', '"user";r=0;t=2'])
  assert.equal((await ask(two)).status, 200)
  fixture.pass(1_300)
  assert.equal((await ask(one)).status, 200)
})

test('an app is bounded with all that belongs to it, another app is not', async () => {
  const fixture = await restFixture({ limits: { appRequestsPerSecond: 2 } })
  const tokens = [await fixture.token(), await fixture.token('ana'), await fixture.token('bob'), await fixture.token()]
  for (const token of tokens) assert.equal((await fixture.call('GET', '/v1/users', { token })).status < 429, true)
  const refused = await fixture.call('GET', LIST, { token: tokens[1]! })
  assert.deepEqual([refused.status, refused.body['violated-policies']], [429, ['app']])
  const other = await fixture.token('ana', 'other')
  assert.equal((await fixture.call('GET', LIST, { token: other })).status, 200)
})

test('a batch that counts for more than all that one may has the whole window, rather than never', async () => {
  const fixture = await restFixture({ limits: { userRequestsPerSecond: 2, appRequestsPerSecond: 3 } })
  const token = await fixture.token('ana')
  const message = () => ({ message_id: randomUUID(), conversation_id: 'c', payload: { type: 'text', text: 'x' } })
  const body = { messages: Array.from({ length: 10 }, message) }
  const send = () => fixture.call('POST', '/v2/messages', { token, json: body })
  assert.equal((await send()).status, 207)
  assert.equal((await send()).status, 429)
  fixture.pass(2_000)
  assert.equal((await send()).status, 207)
})

test('who is refused for itself takes nothing away from its app', async () => {
  const fixture = await restFixture({ limits: { userRequestsPerSecond: 1, appRequestsPerSecond: 10 } })
  const token = await fixture.token('ana')
  for (let i = 0; i < 30; i++) await fixture.call('GET', LIST, { token })
  const { headers } = await fixture.call('GET', LIST, { token: await fixture.token('bob') })
  assert.match(headers.get('ratelimit') ?? '', /"app";r=17;/)
})

test('an address is bounded whatever it asks for, also for tokens; a forwarded one only where a trusted proxy said it', async () => {
  const fixture = await restFixture({
    limits: { addressRequestsPerSecond: 1 },
    clientAddress: clientAddressBehind(['10.0.0.0/8']),
  })
  const ask = async (peer: string, forwarded?: string) => {
    const headers: Record<string, string> = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
    const json = { client_id: 'demo', client_secret: 'wrong' }
    return (await fixture.call('POST', '/auth/token', { peer, headers, json })).status
  }
  const one = '198.51.100.1'
  assert.deepEqual([await ask(one), await ask(one), await ask(one)], [401, 401, 429])
  // It cannot talk its way out of it, nor somebody else into it.
  assert.equal(await ask(one, '198.51.100.2'), 429)
  assert.equal(await ask('10.0.0.1', one), 429)
  assert.equal(await ask('10.0.0.1', `${one}, 198.51.100.3`), 401)
  assert.equal(await ask('198.51.100.2'), 401)
  assert.equal(fixture.log.at(-1)?.remoteAddress, '198.51.100.2')
})

test('the operator counts for its address only, and pages ask the browser’s way without being counted', async () => {
  const fixture = await restFixture({
    limits: { addressRequestsPerSecond: 1, appRequestsPerSecond: 1, userRequestsPerSecond: 1 },
    corsOrigins: ['*'],
  })
  const peer = '198.51.100.1'
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' }
  for (let i = 0; i < 5; i++) assert.equal((await fixture.call('OPTIONS', LIST, { peer, headers })).status, 204)
  const { headers: told } = await fixture.call('GET', '/v1/apps', { peer, token: ADMIN_TOKEN })
  assert.equal(told.get('ratelimit'), '"address";r=1;t=2')
})

test('quotas of an app take the place of the server’s limits', async () => {
  const fixture = await restFixture({ limits: { userRequestsPerSecond: 10 } })
  const id = `quota-${randomUUID()}`
  const admin = (method: string, path: string, json: unknown) =>
    fixture.call(method, path, { token: ADMIN_TOKEN, json })
  const { client_secret } = (
    await admin('POST', '/v1/apps', { client_id: id, quotas: { user_requests_per_second: 3 } })
  ).body
  const { body } = await fixture.call('POST', '/auth/token', { json: { client_id: id, client_secret, user: 'ana' } })
  const policy = async () => {
    const { headers } = await fixture.call('GET', LIST, { token: body.access_token })
    return headers.get('ratelimit-policy')
  }
  assert.equal(await policy(), '"user";q=6;w=2')
  await admin('PATCH', `/v1/apps/${id}`, { quotas: { requests_per_second: 5 } })
  assert.equal(await policy(), '"user";q=20;w=2, "app";q=10;w=2')
})

test('two edges with one counter are one limit', async () => {
  const rateLimits = inProcessRateLimits({ now: () => 0 })
  const limits = { userRequestsPerSecond: 2 }
  const [one, other] = [await restFixture({ rateLimits, limits }), await restFixture({ rateLimits, limits })]
  const token = await one.token('ana')
  const statuses = []
  for (const edge of [one, other, one, other, one, other]) {
    statuses.push((await edge.call('GET', LIST, { token })).status)
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429])
})
