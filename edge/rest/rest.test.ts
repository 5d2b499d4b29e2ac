import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeEach, test } from 'node:test'
import { Chat4AllError, type ConversationId, FRAME_BYTES_MAX } from '@chat4all/protocol'
import { type RestFixture, restFixture, SECRET } from './testing/rest-fixture.js'

let fixture: RestFixture
let ana: string
let service: string

beforeEach(async () => {
  fixture = await restFixture()
  ana = await fixture.token('ana')
  service = await fixture.token()
})

const get = (path: string, token = ana) => fixture.call('GET', path, { token })
const post = (path: string, json: unknown, token = ana, headers = {}) =>
  fixture.call('POST', path, { token, json, headers })
const text = (text: string) => ({ type: 'text', text })

async function group(members = ['bob']): Promise<string> {
  return (await post('/v1/conversations', { type: 'group', members })).body.conversation_id
}

async function groupWith(count: number): Promise<string> {
  const id = await group()
  for (let i = 1; i <= count; i++) {
    await post('/v1/messages', { message_id: randomUUID(), conversation_id: id, payload: text(`m${i}`) })
  }
  return id
}

// --- tokens ----------------------------------------------------------------------------------------------------------

test('client credentials give a token, as JSON, as a form, and as HTTP Basic', async () => {
  const json = await fixture.call('POST', '/auth/token', { json: { client_id: 'demo', client_secret: SECRET } })
  assert.equal(json.status, 200)
  assert.deepEqual(Object.keys(json.body).sort(), ['access_token', 'expires_in', 'token_type'])
  assert.deepEqual([json.body.expires_in, json.body.token_type], [3600, 'Bearer'])
  assert.equal(json.headers.get('cache-control'), 'no-store')
  assert.equal((await get('/v1/conversations?user=ana', json.body.access_token)).status, 200)

  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const fields = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'demo',
    client_secret: SECRET,
    user: 'ana',
  })
  const fromForm = await fixture.call('POST', '/auth/token', { json: String(fields), headers: form })
  assert.equal((await get('/v1/conversations', fromForm.body.access_token)).status, 200)

  const basic = `Basic ${Buffer.from(`demo:${encodeURIComponent(SECRET)}`).toString('base64')}`
  const fromBasic = await fixture.call('POST', '/auth/token', {
    json: 'grant_type=client_credentials',
    headers: { ...form, authorization: basic },
  })
  assert.equal(fromBasic.status, 200)
})

test('a wrong secret is a problem that OAuth clients understand too', async () => {
  const { status, headers, body } = await fixture.call('POST', '/auth/token', {
    json: { client_id: 'demo', client_secret: 'wrong' },
  })
  assert.equal(status, 401)
  assert.match(headers.get('www-authenticate') ?? '', /^Bearer /)
  assert.deepEqual([body.code, body.error], ['UNAUTHENTICATED', 'invalid_client'])
  const other = await fixture.call('POST', '/auth/token', {
    json: { client_id: 'demo', client_secret: SECRET, grant_type: 'password' },
  })
  assert.deepEqual([other.status, other.body.error], [400, 'invalid_request'])
})

test('an expired token is told apart from a wrong one', async () => {
  fixture.pass(3_700_000)
  const expired = await get('/v1/conversations')
  assert.deepEqual([expired.status, expired.body.code], [401, 'TOKEN_EXPIRED'])
  assert.match(expired.headers.get('www-authenticate') ?? '', /invalid_token/)
  assert.equal((await get('/v1/conversations', 'nonsense')).body.code, 'UNAUTHENTICATED')
})

// --- conversations ---------------------------------------------------------------------------------------------------

test('two users enter the same private conversation, whoever asks first', async () => {
  const first = await post('/v1/conversations', { type: 'private', members: ['bob'], metadata: { topic: 'tea' } })
  assert.equal(first.status, 201)
  assert.equal(first.headers.get('location'), `/v1/conversations/${first.body.conversation_id}`)
  assert.deepEqual(first.body.metadata, { topic: 'tea' })
  assert.deepEqual(
    first.body.members.map(({ user, role }: { user: string; role: string }) => [user, role]),
    [
      ['bob', 'member'],
      ['ana', 'member'],
    ],
  )
  const second = await post('/v1/conversations', { type: 'private', members: ['ana'] }, await fixture.token('bob'))
  assert.equal(second.status, 200)
  assert.equal(second.body.conversation_id, first.body.conversation_id)
  const third = await post('/v1/conversations', { type: 'private', members: ['bob', 'ana'] }, service)
  assert.deepEqual([third.status, third.body.conversation_id], [200, first.body.conversation_id])
})

test('a private conversation needs two different users', async () => {
  for (const members of [[], ['ana'], ['bob', 'carl']]) {
    const { status, body } = await post('/v1/conversations', { type: 'private', members })
    assert.deepEqual([status, body.errors[0].path], [400, '/members'])
  }
})

test('each request makes a new group, except the same message_id', async () => {
  const request = { type: 'group', members: ['bob'], message_id: randomUUID() }
  const first = await post('/v1/conversations', request)
  const again = await post('/v1/conversations', request)
  assert.deepEqual([first.status, again.status], [201, 200])
  assert.equal(again.body.conversation_id, first.body.conversation_id)
  assert.notEqual(await group(), await group())
})

test('whoever creates a group is a member and its admin; a service names the admins', async () => {
  const { body } = await post('/v1/conversations', { type: 'group', members: ['bob'] })
  const roles = (members: { user: string; role: string }[]) => Object.fromEntries(members.map((m) => [m.user, m.role]))
  assert.deepEqual(roles(body.members), { bob: 'member', ana: 'admin' })
  const request = { type: 'group', members: ['bob', 'carl'], admins: ['carl'] }
  assert.deepEqual(roles((await post('/v1/conversations', request, service)).body.members), {
    bob: 'member',
    carl: 'admin',
  })
  const stranger = await post('/v1/conversations', { ...request, admins: ['dora'] }, service)
  assert.deepEqual([stranger.status, stranger.body.errors[0].path], [400, '/admins'])
})

test('the list shows the latest active first, page by page, without doubles', async () => {
  const made: string[] = []
  for (let i = 0; i < 5; i++) {
    fixture.pass(1000)
    made.push(await group([`u${i}`]))
  }
  await post('/v1/messages', { message_id: randomUUID(), conversation_id: made[1], payload: text('up') })
  const expected = [made[1], made[4], made[3], made[2], made[0]]
  const seen: string[] = []
  for (let path: string | null = '/v1/conversations?limit=2'; path !== null; ) {
    const { status, body, headers } = await get(path)
    assert.equal(status, 200)
    assert.equal(headers.get('link'), body.next && `<${body.next}>; rel="next"`)
    seen.push(...body.conversations.map((each: { conversation_id: string }) => each.conversation_id))
    path = body.next
  }
  // Two of the same time are in the order of their ids.
  assert.deepEqual(new Set(seen.slice(0, 2)), new Set(expected.slice(0, 2)))
  assert.deepEqual(seen.slice(2), expected.slice(2))
  assert.equal((await get('/v1/conversations?cursor=nonsense')).status, 400)
  const asService = await get('/v1/conversations?user=ana&limit=2', service)
  assert.match(asService.body.next, /user=ana/)
})

test('members come and go; the change has a seq, and repeating it changes nothing', async () => {
  const id = await group()
  const request = { add: ['carl'], remove: ['bob'], message_id: randomUUID() }
  const first = await post(`/v1/conversations/${id}/members`, request)
  assert.equal(first.status, 200)
  assert.deepEqual([first.body.status, first.body.seq, first.body.message_id], ['accepted', 1, request.message_id])
  assert.deepEqual((await post(`/v1/conversations/${id}/members`, request)).body, first.body)
  const { body } = await get(`/v1/conversations/${id}/messages`)
  assert.deepEqual(body.messages[0].payload, { type: 'membership', added: ['carl'], removed: ['bob'] })
  assert.equal((await get(`/v1/conversations/${id}`, await fixture.token('bob'))).status, 404)
  assert.equal((await get(`/v1/conversations/${id}`, await fixture.token('carl'))).status, 200)
})

test('a member that is no admin may leave and no more', async () => {
  const id = await group()
  const bob = await fixture.token('bob')
  assert.equal((await post(`/v1/conversations/${id}/members`, { add: ['carl'] }, bob)).body.code, 'FORBIDDEN')
  assert.equal((await post(`/v1/conversations/${id}/members`, { remove: ['bob'] }, bob)).status, 200)
  assert.equal((await get(`/v1/conversations/${id}`, bob)).status, 404)
})

test('a service changes members in the name of a user, or of the app', async () => {
  const id = await group()
  await post(`/v1/conversations/${id}/members`, { add: ['carl'] }, service)
  await post(`/v1/conversations/${id}/members`, { add: ['dora'], from: 'ana' }, service)
  const { body } = await get(`/v1/conversations/${id}/messages`)
  assert.deepEqual(
    body.messages.map(({ from }: { from: string }) => from),
    ['demo', 'ana'],
  )
  const both = await post(`/v1/conversations/${id}/members`, { add: ['x'], remove: ['x'] })
  assert.equal(both.body.errors[0].path, '/remove')
})

// --- messages --------------------------------------------------------------------------------------------------------

test('a message is accepted with its seq, and comes back as it was sent', async () => {
  const id = await group()
  const request = {
    message_id: randomUUID(),
    conversation_id: id,
    from: 'ana',
    to: ['bob'],
    channels: ['all'],
    payload: text('hello'),
    metadata: { priority: 'high', weight: 2 },
    ttl: 60,
  }
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const { status, body } = await post('/v1/messages', request, ana, { traceparent: trace })
  assert.equal(status, 202)
  assert.deepEqual(body, {
    status: 'accepted',
    message_id: request.message_id,
    conversation_id: id,
    seq: 1,
    time: body.time,
  })
  const page = await get(`/v1/conversations/${id}/messages`)
  assert.deepEqual(page.body.messages, [
    {
      message_id: request.message_id,
      conversation_id: id,
      seq: 1,
      from: 'ana',
      time: body.time,
      payload: text('hello'),
      to: ['bob'],
      channels: ['all'],
      metadata: { priority: 'high', weight: '2' },
      expires: body.time + 60_000,
      trace,
    },
  ])
})

test('the same message_id gets the same seq, with another payload a conflict', async () => {
  const id = await group()
  const request = { message_id: randomUUID(), conversation_id: id, payload: text('once') }
  const first = await post('/v1/messages', request)
  const again = await post('/v1/messages', { ...request, message_id: request.message_id.toUpperCase() })
  assert.deepEqual([again.status, again.body], [202, first.body])
  const other = await post('/v1/messages', { ...request, payload: text('twice') })
  assert.deepEqual([other.status, other.body.code], [409, 'CONFLICT'])
  assert.equal((await get(`/v1/conversations/${id}`)).body.head_seq, 1)
})

test('a post without a traceparent is asked of the owner without one', async () => {
  const id = await group()
  await post('/v1/messages', { message_id: randomUUID(), conversation_id: id, payload: text('x') })
  const frame = fixture.requests.asked.at(-1) as { t: string; trace?: string }
  assert.deepEqual([frame.t, 'trace' in frame], ['post', false])
})

test('content of the app’s own making comes back, and what no frame can hold is refused', async () => {
  const id = await group()
  const send = (data: unknown) =>
    post('/v1/messages', {
      message_id: randomUUID(),
      conversation_id: id,
      payload: { type: 'custom', data },
    })
  const data = { a: [1, -2.5, null, true, 'x'], b: { c: {} }, 'ü €': 1e300, big: 2 ** 53 - 1 }
  assert.equal((await send(data)).status, 202)
  assert.deepEqual((await get(`/v1/conversations/${id}/messages`)).body.messages[0].payload, { type: 'custom', data })

  let deep: unknown = 'bottom'
  for (let i = 0; i < 100; i++) deep = [deep]
  assert.deepEqual((await send(deep)).body.errors[0].path, '/payload')
  assert.equal((await send('x'.repeat(17_000))).status, 400)
  const proto = `{"message_id":"${randomUUID()}","conversation_id":"${id}","payload":{"type":"custom","data":{"__proto__":1}}}`
  assert.equal((await post('/v1/messages', proto)).status, 400)
  assert.equal((await get(`/v1/conversations/${id}/messages`)).status, 200)
})

test('a message that no frame could carry to a session is too large', async () => {
  const id = await group()
  const to = Array.from({ length: 500 }, (_, i) => `${'u'.repeat(120)}${i}`)
  const { status, body } = await post('/v1/messages', {
    message_id: randomUUID(),
    conversation_id: id,
    payload: text('x'.repeat(16_000)),
    to,
  })
  assert.deepEqual([status, body.code], [413, 'FRAME_TOO_LARGE'])
  assert.ok(16_000 + 500 * 122 > FRAME_BYTES_MAX)
})

test('a user token sends as its user only; a service says as whom', async () => {
  const id = await group()
  const request = { message_id: randomUUID(), conversation_id: id, payload: text('x') }
  assert.equal((await post('/v1/messages', { ...request, from: 'bob' })).body.code, 'FORBIDDEN')
  const nobody = await post('/v1/messages', request, service)
  assert.deepEqual([nobody.status, nobody.body.errors[0].path], [400, '/from'])
  assert.equal((await post('/v1/messages', { ...request, from: 'bob' }, service)).status, 202)
  assert.equal((await post('/v1/messages', { ...request, from: 'eve' }, service)).status, 404)
})

test('following a conversation with since reads everything once and in order', async () => {
  const id = await groupWith(7)
  const seen: number[] = []
  for (let path: string | null = `/v1/conversations/${id}/messages?since=0&limit=3`; path !== null; ) {
    const { body } = await get(path)
    assert.equal(body.recovered, true)
    seen.push(...body.messages.map(({ seq }: { seq: number }) => seq))
    path = body.next
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7])
  const { body } = await get(`/v1/conversations/${id}/messages?since=7`)
  assert.deepEqual([body.messages, body.after, body.upto, body.head_seq, body.next], [[], 7, 7, 7, null])
})

test('without since, pages lead from the newest to the oldest', async () => {
  const id = await groupWith(7)
  const seen: number[][] = []
  for (let path: string | null = `/v1/conversations/${id}/messages?limit=3`; path !== null; ) {
    const { body, headers } = await get(path)
    assert.equal(headers.get('link'), body.next && `<${body.next}>; rel="next"`)
    seen.push(body.messages.map(({ seq }: { seq: number }) => seq))
    path = body.next
  }
  assert.deepEqual(seen, [[5, 6, 7], [2, 3, 4], [1]])
})

test('since and before together are a range', async () => {
  const id = await groupWith(7)
  const { body } = await get(`/v1/conversations/${id}/messages?since=2&before=6&limit=2`)
  assert.deepEqual(
    body.messages.map(({ seq }: { seq: number }) => seq),
    [3, 4],
  )
  const rest = await get(body.next)
  assert.deepEqual(
    rest.body.messages.map(({ seq }: { seq: number }) => seq),
    [5],
  )
  assert.deepEqual([rest.body.upto, rest.body.next], [5, null])
  const empty = await get(`/v1/conversations/${id}/messages?since=5&before=3`)
  assert.deepEqual([empty.body.messages, empty.body.upto, empty.body.next], [[], 5, null])
})

test('who comes back after messages expired is told so, never left with a silent gap', async () => {
  const id = await groupWith(7)
  fixture.requests.expire(id as ConversationId, 4)
  const { body } = await get(`/v1/conversations/${id}/messages?since=2`)
  assert.deepEqual([body.recovered, body.first_seq, body.messages[0].seq], [false, 5, 5])
  assert.equal((await get(`/v1/conversations/${id}/messages?since=4`)).body.recovered, true)
  assert.equal((await get(`/v1/conversations/${id}/messages?limit=3`)).body.next, null)
})

test('receipts move forward only, and reading is receiving', async () => {
  const id = await groupWith(3)
  const bob = await fixture.token('bob')
  const mark = async (json: unknown) => (await post(`/v1/conversations/${id}/receipts`, json, bob)).status
  const cursors = async () => {
    const { body } = await get(`/v1/conversations/${id}`, bob)
    return [body.delivered, body.read]
  }
  assert.equal(await mark({ read: 2 }), 204)
  assert.deepEqual(await cursors(), [2, 2])
  assert.equal(await mark({ delivered: 1 }), 204)
  assert.deepEqual(await cursors(), [2, 2])
  assert.equal(await mark({ delivered: 99 }), 204)
  assert.deepEqual(await cursors(), [3, 2])
  assert.equal(await mark({ read: 3, user: 'ana' }), 403)
})

// --- problems --------------------------------------------------------------------------------------------------------

test('an error is a problem document that names the fields', async () => {
  const { status, headers, body } = await post('/v1/messages', {
    message_id: 'x',
    conversation_id: 'c',
    payload: { type: 'text', text: 5 },
  })
  assert.equal(status, 400)
  assert.equal(headers.get('content-type'), 'application/problem+json')
  assert.deepEqual([body.type, body.code, body.status], ['/docs/errors#INVALID', 'INVALID', 400])
  assert.deepEqual(
    body.errors.map(({ path }: { path: string }) => path),
    ['/message_id', '/payload/text'],
  )
  assert.equal(body.request_id, headers.get('x-request-id'))
})

test('what is not JSON is answered with the place', async () => {
  const { status, body } = await post('/v1/messages', '{"a": 1,\n "b": }')
  assert.equal(status, 400)
  assert.match(body.detail, /unexpected character at position 15 \(line 2, column 7\)/)
  assert.match((await post('/v1/messages', '')).body.detail, /empty/)
  assert.match((await post('/v1/messages', '[')).body.detail, /ends too early/)
})

test('a body of another media type is refused, one without a type is taken for JSON', async () => {
  const xml = await post('/v1/messages', '<a/>', ana, { 'content-type': 'application/xml' })
  assert.deepEqual([xml.status, xml.body.code], [415, 'UNSUPPORTED_MEDIA_TYPE'])
  const form = await post('/v1/messages', 'a=b', ana, { 'content-type': 'application/x-www-form-urlencoded' })
  assert.equal(form.status, 415)
  const bare = await fixture.rest.request('/v1/conversations', {
    method: 'POST',
    headers: { authorization: `Bearer ${ana}` },
    body: new TextEncoder().encode('{"type":"group","members":["bob"]}'),
  })
  assert.equal(bare.status, 201)
})

test('bytes that are not UTF-8 are refused, not stored as something else', async () => {
  const response = await fixture.rest.request('/v1/conversations', {
    method: 'POST',
    headers: { authorization: `Bearer ${ana}`, 'content-type': 'application/json' },
    body: new Uint8Array([0x22, 0xff, 0x22]),
  })
  assert.match(((await response.json()) as { detail: string }).detail, /UTF-8/)
})

test('busy says how long to wait: milliseconds in the body, seconds rounded up in the header', async () => {
  fixture.requests.failNext(new Chat4AllError('BUSY', undefined, 1200))
  const { status, headers, body } = await get('/v1/conversations')
  assert.deepEqual([status, headers.get('retry-after'), body.retry_after], [429, '2', 1200])
  fixture.requests.failNext(new Chat4AllError('UNAVAILABLE'))
  const unavailable = await get('/v1/conversations')
  assert.deepEqual([unavailable.status, unavailable.headers.get('retry-after')], [503, '1'])
})

test('a bug is logged with its stack, and the answer says nothing of it', async () => {
  fixture.requests.failNext(new TypeError('secret of the house'))
  const { status, headers, body } = await get('/v1/conversations')
  assert.deepEqual([status, body.code], [500, 'INTERNAL'])
  assert.doesNotMatch(JSON.stringify(body), /secret of the house|\.js:/)
  const logged = fixture.log.find(({ event }) => event === 'rest.failed')
  assert.match(JSON.stringify(logged), /secret of the house/)
  assert.equal(logged?.requestId, headers.get('x-request-id'))
})

test('unknown paths are 404, known paths tell which methods they answer', async () => {
  assert.deepEqual((await get('/v1/nothing')).body.code, 'NOT_FOUND')
  assert.equal((await get('/')).headers.get('content-type'), 'application/problem+json')
  const put = await fixture.call('PUT', '/v1/messages')
  assert.deepEqual([put.status, put.body.code, put.headers.get('allow')], [405, 'METHOD_NOT_ALLOWED', 'POST, OPTIONS'])
  const del = await fixture.call('DELETE', '/v1/conversations')
  assert.equal(del.headers.get('allow'), 'POST, GET, HEAD, OPTIONS')
  const options = await fixture.call('OPTIONS', '/v1/conversations/x')
  assert.deepEqual([options.status, options.headers.get('allow')], [204, 'GET, HEAD, PATCH, DELETE, OPTIONS'])
  assert.equal((await fixture.call('HEAD', '/v1/conversations', { token: ana })).status, 200)
})

// --- headers and log -------------------------------------------------------------------------------------------------

test('every answer carries its request id and lets no browser guess', async () => {
  for (const path of ['/v1/conversations', '/v1/nothing', '/docs', '/openapi.json']) {
    const { headers } = await get(path)
    assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/, path)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('referrer-policy'), 'no-referrer')
    assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin')
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.equal(headers.get('access-control-allow-origin'), null)
  }
  const named = await fixture.call('GET', '/v1/nothing', { headers: { 'x-request-id': 'abc-1' } })
  assert.equal(named.headers.get('x-request-id'), 'abc-1')
  const odd = await fixture.call('GET', '/v1/nothing', { headers: { 'x-request-id': '<b>' } })
  assert.notEqual(odd.headers.get('x-request-id'), '<b>')
})

test('pages of other origins may call only where they were allowed to', async () => {
  const origin = 'https://chat.example.org'
  const headers = { origin, 'access-control-request-method': 'POST' }
  const open = await restFixture({ corsOrigins: [origin] })
  const preflight = await open.call('OPTIONS', '/v1/messages', { headers })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-origin'), origin)
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/)
  const real = await open.call('GET', '/v1/conversations', { token: await open.token('ana'), headers: { origin } })
  assert.deepEqual([real.status, real.headers.get('access-control-allow-origin')], [200, origin])
  assert.deepEqual(real.body, { conversations: [], next: null })
  const refused = await open.call('GET', '/v1/conversations', { headers: { origin } })
  assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, origin])
  const stranger = await open.call('OPTIONS', '/v1/messages', {
    headers: { ...headers, origin: 'https://evil.example' },
  })
  assert.equal(stranger.headers.get('access-control-allow-origin'), null)
  assert.equal(preflight.headers.get('access-control-max-age'), '7200')
  assert.equal(preflight.headers.get('access-control-allow-credentials'), null)
  for (const name of ['ratelimit', 'retry-after', 'location']) {
    assert.match(real.headers.get('access-control-expose-headers') ?? '', new RegExp(`(^|,)${name}(,|$)`))
  }
  const everyone = await restFixture({ corsOrigins: ['*'] })
  const anywhere = await everyone.call('GET', '/v1/nothing', { headers: { origin: 'https://any.example' } })
  assert.equal(anywhere.headers.get('access-control-allow-origin'), '*')
})

test('where TLS is spoken, browsers are told to come by it only', async () => {
  const secure = await restFixture({ hstsSeconds: 86_400 })
  for (const path of ['/docs', '/v1/nothing']) {
    assert.equal((await secure.call('GET', path)).headers.get('strict-transport-security'), 'max-age=86400')
    assert.equal((await get(path)).headers.get('strict-transport-security'), null)
  }
})

test('the log finds a request by message_id and trace, and holds no text and no token', async () => {
  const samples: unknown[] = []
  fixture = await restFixture({ onAnswer: (sample) => samples.push(sample) })
  ana = await fixture.token('ana')
  const id = await group()
  const message_id = randomUUID()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await post('/v1/messages', { message_id, conversation_id: id, payload: text('very private') }, ana, { traceparent })
  const line = fixture.log.find((each) => each.message_id === message_id)
  assert.equal(line?.route, '/v1/messages')
  assert.equal(line?.conversation_id, id)
  assert.equal(line?.trace_id, '0af7651916cd43dd8448eb211c80319c')
  assert.doesNotMatch(JSON.stringify(fixture.log), /very private/)
  assert.ok(!JSON.stringify(fixture.log).includes(ana))
  assert.equal(samples.length, 2)
})

test('the pages for people are served from here, complete', async () => {
  const page = await fixture.call('GET', '/docs')
  const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link).filter((l) => l !== 'data:,')
  assert.ok(links.length >= 3)
  for (const link of links) {
    assert.match(link, /^\/docs\//, 'nothing from elsewhere')
    const { status, body, headers } = await fixture.call('GET', link)
    assert.equal(status, 200, link)
    assert.ok(body.length > 50, link)
    assert.match(headers.get('content-type') ?? '', /css|javascript/)
  }
  const errors = await fixture.call('GET', '/docs/errors')
  assert.match(errors.body, /id="BUSY"/)
})
