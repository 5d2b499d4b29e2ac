import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { before, test } from 'node:test'
import { Chat4AllError } from '@chat4all/protocol'
import { memoryRecords } from '../../files/testing/memory-records.js'
import { ADMIN_TOKEN, type Answer, type RestFixture, restFixture } from '../testing/rest-fixture.js'
import { idempotencyKeyOf } from './idempotency-key.js'
import { KeptAnswers } from './kept-answers.js'

let fixture: RestFixture
let ana: string

before(async () => {
  fixture = await restFixture()
  ana = await fixture.token('ana')
})

const GROUP = { type: 'group', members: ['bob'] }

function create(key: string, json: unknown = GROUP, token = ana): Promise<Answer> {
  return fixture.call('POST', '/v1/conversations', { token, json, headers: { 'idempotency-key': key } })
}

const countOf = async (token: string) =>
  (await fixture.call('GET', '/v1/conversations?limit=1000', { token })).body.conversations.length

test('the same request with the same key is done once, and answered again as the first time', async () => {
  const key = randomUUID()
  const before = await countOf(ana)
  const first = await create(key)
  assert.deepEqual([first.status, first.headers.get('idempotency-replayed')], [201, null])
  // The same with other spaces, and the key written as a String of structured fields.
  const again = await create(`"${key}"`, JSON.stringify(GROUP, null, 2))
  assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [201, 'true'])
  assert.deepEqual(again.body, first.body)
  assert.equal(again.headers.get('location'), first.headers.get('location'))
  assert.notEqual(again.headers.get('x-request-id'), first.headers.get('x-request-id'))
  assert.equal(await countOf(ana), before + 1)
})

test('another request with the same key is refused, and nothing of it happens', async () => {
  const key = randomUUID()
  await create(key)
  const before = await countOf(ana)
  const other = await create(key, { ...GROUP, members: ['carl'] })
  assert.deepEqual([other.status, other.body.code], [422, 'IDEMPOTENCY_KEY_REUSED'])
  const headers = { 'idempotency-key': key }
  const elsewhere = await fixture.call('POST', '/v1/files/initiate', {
    token: ana,
    headers,
    json: { name: 'a.txt', size: 5 },
  })
  assert.equal(elsewhere.status, 422)
  assert.equal(await countOf(ana), before)
})

test('a key is its caller’s: of another user, of a service and of another app it is another', async () => {
  const key = randomUUID()
  const ids = new Set()
  for (const token of [ana, await fixture.token('bob'), await fixture.token('ana', 'other'), await fixture.token()]) {
    const { status, body } = await create(key, { type: 'group', members: ['ana', 'bob'] }, token)
    assert.equal(status, 201)
    ids.add(body.conversation_id)
  }
  assert.equal(ids.size, 4)
})

test('of two at once one is done; the other is told to wait, and then gets the answer', async () => {
  const key = randomUUID()
  const answers = await Promise.all([create(key), create(key), create(key)])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409])
  const waiting = answers.find(({ status }) => status === 409)!
  assert.deepEqual([waiting.body.code, waiting.headers.get('retry-after')], ['IN_PROGRESS', '1'])
  const done = answers.find(({ status }) => status === 201)!
  assert.deepEqual((await create(key)).body, done.body)
})

test('after a refusal or a fault the key may be sent again, and what it makes has the same id', async () => {
  const key = randomUUID()
  fixture.requests.failNext(new Chat4AllError('UNAVAILABLE'))
  assert.equal((await create(key)).status, 503)
  const made = await create(key)
  assert.equal(made.status, 201)
  // As if the answer of that had not been kept either.
  const again = await restFixture({ requests: fixture.requests })
  const headers = { 'idempotency-key': key }
  const second = await again.call('POST', '/v1/conversations', { token: ana, json: GROUP, headers })
  assert.deepEqual([second.status, second.body.conversation_id], [200, made.body.conversation_id])
})

test('what is no key is refused; where none is heeded it is not looked at', async () => {
  for (const key of ['', ' ', 'a b', 'x'.repeat(256), '"open']) {
    const { status, body } = await create(key)
    assert.equal(status, 400, key)
    assert.equal(body.errors[0].path, 'Idempotency-Key')
  }
  const headers = { 'idempotency-key': '' }
  assert.equal((await fixture.call('GET', '/v1/conversations', { token: ana, headers })).status, 200)
})

test('a secret that is told once is told again to who has the key, and stands nowhere in the clear', async () => {
  const records = memoryRecords()
  const written: string[] = []
  const put = records.put.bind(records)
  records.put = (place, value, ...rest) => {
    if (place.kind === 'idempotency') written.push(JSON.stringify(place), Buffer.from(value).toString())
    return put(place, value, ...rest)
  }
  const own = await restFixture({ records })
  const key = randomUUID()
  const call = () =>
    own.call('POST', '/v1/apps', {
      token: ADMIN_TOKEN,
      headers: { 'idempotency-key': key },
      json: { client_id: `app-${key}` },
    })
  const { status, body } = await call()
  assert.equal(status, 201)
  assert.equal((await call()).body.client_secret, body.client_secret)
  assert.ok(written.length >= 4)
  for (const text of written) assert.ok(!text.includes(body.client_secret) && !text.includes(key))
})

test('what an edge began and never ended is taken over, and the first can no longer write', async () => {
  let now = 0
  const kept = new KeptAnswers(memoryRecords(), () => now)
  const key = idempotencyKeyOf('a', undefined)
  const answer = (body: string) => ({ status: 201, headers: {}, body })
  let finish!: (body: string) => void
  const stuck = kept.once(key, 'f', async () => answer(await new Promise<string>((resolve) => (finish = resolve))))
  while (finish === undefined) await new Promise(setImmediate)
  now = 59_999
  await assert.rejects(
    kept.once(key, 'f', async () => answer('early')),
    { code: 'IN_PROGRESS', retryAfter: 1_000 },
  )
  now = 60_000
  assert.equal((await kept.once(key, 'f', async () => answer('second'))).body, 'second')
  finish('first')
  assert.equal((await stuck).body, 'first')
  assert.deepEqual(await kept.once(key, 'f', async () => answer('third')), { ...answer('second'), replayed: true })
})

test('an answer that no longer opens is told as a conflict: no fault, and the request is not done again', async () => {
  const records = memoryRecords()
  const own = await restFixture({ records })
  const put = records.put.bind(records)
  records.put = (place, value, ...rest) => {
    if (place.kind !== 'idempotency') return put(place, value, ...rest)
    const entry = JSON.parse(Buffer.from(value).toString())
    // As another version would have sealed it, with whatever key it had.
    if (entry.answer !== undefined) entry.answer = Buffer.from(entry.answer, 'base64').reverse().toString('base64')
    return put(place, Buffer.from(JSON.stringify(entry)), ...rest)
  }
  const headers = { 'idempotency-key': randomUUID() }
  const call = () => own.call('POST', '/v1/apps', { token: ADMIN_TOKEN, headers, json: { client_id: 'unreadable' } })
  const first = await call()
  assert.equal(first.status, 201)
  const again = await call()
  assert.deepEqual([again.status, again.body.code], [409, 'CONFLICT'])
  assert.match(again.body.detail, /can no longer be read.+new key/)
})
