import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { type RestFixture, restFixture } from '../testing/rest-fixture.js'

let fixture: RestFixture
let service: string
let ana: string
let bob: string
let group: string

beforeEach(async () => {
  fixture = await restFixture()
  service = await fixture.token()
  ana = await fixture.token('ana')
  bob = await fixture.token('bob')
  const { body } = await call('POST', '/v1/conversations', { type: 'group', members: ['bob'] }, ana)
  group = `/v1/conversations/${body.conversation_id}`
})

const call = (method: string, path: string, json?: unknown, token = service) =>
  fixture.call(method, path, { token, ...(json !== undefined && { json }) })

async function rolesOf(conversation: string): Promise<Record<string, string>> {
  const { body } = await call('GET', `${conversation}/members`)
  return Object.fromEntries(body.members.map(({ user, role }: { user: string; role: string }) => [user, role]))
}

test('an admin gives and takes roles, also of users that it adds with it; others may not', async () => {
  assert.deepEqual(await rolesOf(group), { ana: 'admin', bob: 'member' })
  const refused = await call('PUT', `${group}/members/bob`, { role: 'admin' }, bob)
  assert.deepEqual([refused.status, refused.body.code], [403, 'FORBIDDEN'])
  for (const user of ['bob', 'cem']) {
    assert.equal((await call('PUT', `${group}/members/${user}`, { role: 'admin' }, ana)).status, 204)
  }
  assert.equal((await call('PUT', `${group}/members/ana`, { role: 'member' }, bob)).status, 204)
  assert.deepEqual(await rolesOf(group), { ana: 'member', bob: 'admin', cem: 'admin' })
  assert.equal((await call('PUT', `${group}/members/bob`, { role: 'boss' }, bob)).status, 400)
  assert.equal((await call('DELETE', `${group}/members/cem`, undefined, ana)).status, 403)
  assert.equal((await call('DELETE', `${group}/members/ana`, undefined, ana)).status, 204)
  assert.deepEqual(await rolesOf(group), { bob: 'admin', cem: 'admin' })
})

test('labels are changed as a whole, and the conversation as it is then is the answer', async () => {
  const changed = await call('PATCH', group, { metadata: { topic: 'tea', floor: 2 } }, ana)
  assert.deepEqual([changed.status, changed.body.metadata], [200, { topic: 'tea', floor: '2' }])
  assert.equal((await call('PATCH', group, { metadata: { topic: 'milk' } }, bob)).status, 403)
  const cleared = await call('PATCH', group, { metadata: {} }, ana)
  assert.deepEqual([cleared.status, cleared.body.metadata], [200, {}])
  const { body } = await call('GET', `${group}/messages`)
  assert.deepEqual(body.messages[0].payload.metadata, { topic: 'tea', floor: '2' })
})

test('members are listed page by page, to members and services', async () => {
  const users = Array.from({ length: 25 }, (_, n) => `user-${String(n).padStart(2, '0')}`)
  for (const user of users) await call('PUT', `${group}/members/${user}`, { role: 'member' }, ana)
  const found: string[] = []
  for (let next: string | null = `${group}/members?limit=10`; next !== null; ) {
    const { body } = await call('GET', next, undefined, bob)
    found.push(...body.members.map(({ user }: { user: string }) => user))
    next = body.next
  }
  assert.deepEqual(found, ['ana', 'bob', ...users])
  assert.equal((await call('GET', `${group}/members`, undefined, await fixture.token('eve'))).status, 404)
})

test('a conversation is erased by a service, and answered from then on as if it had never been', async () => {
  assert.equal((await call('DELETE', group, undefined, ana)).status, 403)
  assert.equal((await call('DELETE', group)).status, 204)
  for (const path of [group, `${group}/messages`, `${group}/members`]) {
    for (const token of [service, ana]) assert.equal((await call('GET', path, undefined, token)).status, 404)
  }
  assert.equal((await call('DELETE', group)).status, 404)
})
