import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeEach, test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import { recordsErasures, recordsUsers } from '@chat4all/storage'
import { REST_IDS } from '../rest-ids.js'
import { type RestFixture, restFixture, SECRET } from '../testing/rest-fixture.js'
import { UserErasures } from './user-erasures.js'

let fixture: RestFixture
let service: string
let ana: string

beforeEach(async () => {
  fixture = await restFixture()
  service = await fixture.token()
  ana = await fixture.token('ana')
})

const call = (method: string, path: string, json?: unknown, token = service) =>
  fixture.call(method, path, { token, ...(json !== undefined && { json }) })

test('a profile is created, read by other users, changed by its own, and listed', async () => {
  const created = await call('POST', '/v1/users', { user_id: 'ana', name: 'Ana', metadata: { level: 3 } })
  assert.equal(created.status, 201)
  assert.equal(created.headers.get('location'), '/v1/users/ana')
  assert.equal((await call('POST', '/v1/users', { user_id: 'ana', name: 'Ana', metadata: { level: 3 } })).status, 200)
  const other = await call('POST', '/v1/users', { user_id: 'ana', name: 'Anna' })
  assert.deepEqual([other.status, other.body.code], [409, 'CONFLICT'])
  const seen = await call('GET', '/v1/users/ana', undefined, await fixture.token('bob'))
  assert.deepEqual([seen.body.name, seen.body.metadata], ['Ana', { level: '3' }])
  const changed = await call('PATCH', '/v1/users/ana', { avatar_url: 'https://example.org/a.png', name: null }, ana)
  assert.deepEqual([changed.body.name, changed.body.avatar_url], [null, 'https://example.org/a.png'])
  for (const user_id of ['bob', 'carl']) await call('POST', '/v1/users', { user_id })
  const names: string[] = []
  for (let next = '/v1/users?limit=2'; next !== null; ) {
    const { body } = await call('GET', next)
    names.push(...body.users.map(({ user_id }: { user_id: string }) => user_id))
    next = body.next
  }
  assert.deepEqual(names, ['ana', 'bob', 'carl'])
})

test('an address on a channel is one user of the app, however it is written in the path', async () => {
  for (const user_id of ['ana', 'bob']) await call('POST', '/v1/users', { user_id })
  const address = '+55 62/9#?%'
  const of = (user: string) => `/v1/users/${user}/identities/whatsapp/${encodeURIComponent(address)}`
  assert.equal((await call('PUT', of('ana'))).status, 201)
  assert.equal((await call('PUT', of('ana'))).status, 200)
  assert.equal((await call('PUT', of('bob'))).status, 409)
  assert.equal((await call('PUT', of('nobody'))).status, 404)
  const query = new URLSearchParams({ channel: 'whatsapp', address })
  assert.equal((await call('GET', `/v1/identities?${query}`)).body.user_id, 'ana')
  const mine = await call('GET', '/v1/users/ana/identities', undefined, ana)
  assert.deepEqual(
    mine.body.identities.map((identity: { address: string }) => identity.address),
    [address],
  )
  assert.equal((await call('DELETE', of('ana'), undefined, ana)).status, 204)
  assert.equal((await call('GET', `/v1/identities?${query}`)).status, 404)
})

async function conversationWithAna(): Promise<string> {
  const { body } = await call('POST', '/v1/conversations', { type: 'group', members: ['bob'] }, ana)
  const payload = { type: 'text', text: 'what Ana said' }
  const message = { message_id: randomUUID(), conversation_id: body.conversation_id, payload }
  assert.equal((await call('POST', '/v1/messages', message, ana)).status, 202)
  return body.conversation_id
}

async function doneErasure(id: string) {
  for (;;) {
    const { body } = await call('GET', `/v1/erasures/${id}`)
    if (body.status === 'done') return body
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('a user is erased: what it said, also where it left; its identities and its profile', async () => {
  await call('POST', '/v1/users', { user_id: 'ana', name: 'Ana' })
  await call('PUT', '/v1/users/ana/identities/telegram/42')
  const [here, left] = [await conversationWithAna(), await conversationWithAna()]
  await call('DELETE', `/v1/conversations/${left}/members/ana`, undefined, ana)
  const begun = await call('DELETE', '/v1/users/ana')
  assert.deepEqual([begun.status, begun.body.status], [202, 'pending'])
  assert.equal(begun.headers.get('location'), `/v1/erasures/${begun.body.erasure_id}`)
  assert.equal((await doneErasure(begun.body.erasure_id)).conversations, 2)
  for (const id of [here, left]) {
    const { body } = await call('GET', `/v1/conversations/${id}/messages`)
    assert.ok(!JSON.stringify(body).includes('what Ana said'))
    assert.equal((await call('GET', `/v1/conversations/${id}`)).body.member_count, 1)
  }
  assert.equal((await call('GET', '/v1/users/ana')).status, 404)
  assert.equal((await call('GET', '/v1/identities?channel=telegram&address=42')).status, 404)
})

test('what one edge began and could not end, another goes on with', async () => {
  const id = await conversationWithAna()
  const { records } = fixture.fileWorld
  let now = 0
  const failed: unknown[] = []
  const edge = (fails: boolean) =>
    new UserErasures({
      erasures: recordsErasures(records),
      users: recordsUsers(records),
      requests: fails
        ? { ...fixture.requests, change: () => Promise.reject(new Error('the edge dies here')) }
        : fixture.requests,
      ids: REST_IDS,
      now: () => now,
      onFailed: (_, error) => failed.push(error),
    })
  const job = await edge(true).begin('demo' as AppId, 'ana' as never)
  while (failed.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const other = edge(false)
  await other.look()
  assert.equal((await other.get('demo' as AppId, job.id))?.status, 'pending', 'not before its time')
  now += 60_000
  await other.look()
  assert.equal((await other.get('demo' as AppId, job.id))?.status, 'done')
  assert.deepEqual(await recordsErasures(records).unfinished(10), [])
  const { body } = await call('GET', `/v1/conversations/${id}/messages`)
  assert.ok(!JSON.stringify(body).includes('what Ana said'))
})

test('a user that no URL could name is refused wherever it could come in', async () => {
  for (const step of ['.', '..']) {
    const made = await call('POST', '/v1/users', { user_id: step })
    assert.deepEqual([made.status, made.body.code, made.body.errors[0].path], [400, 'INVALID', '/user_id'])
    assert.match(made.body.detail, /not \. or \.\./)
    const group = await call('POST', '/v1/conversations', { type: 'group', members: ['ana', step] })
    assert.deepEqual([group.status, group.body.errors[0].path], [400, '/members/1'])
    const sent = await call('POST', '/v1/messages', { from: step })
    assert.ok(sent.body.errors.some(({ path }: { path: string }) => path === '/from'))
    const token = await fixture.call('POST', '/auth/token', {
      json: { client_id: 'demo', client_secret: SECRET, user: step },
    })
    assert.deepEqual([token.status, token.body.code], [400, 'INVALID'])
  }
})
