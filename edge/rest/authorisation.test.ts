import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { openApiDocument } from './description/openapi.js'
import { ENDPOINTS } from './endpoints.js'
import { ADMIN_TOKEN, type RestFixture, restFixture } from './testing/rest-fixture.js'
import { RIGHTS } from './testing/rights/index.js'
import { ASKERS, type Asker } from './testing/rights/row.js'

/**
 * Every endpoint × everyone who may ask. The rows are looked up by what the OpenAPI document lists, so an endpoint
 * that nobody thought about here fails.
 */

let fixture: RestFixture
let tokens: Record<Asker, string | undefined>

before(async () => {
  fixture = await restFixture()
  const expired = await fixture.token('member')
  fixture.pass(3_700_000)
  tokens = {
    nobody: undefined,
    garbage: `${expired.slice(0, -4)}AAAA`,
    expired,
    otherApp: await fixture.token(undefined, 'other'),
    namesake: await fixture.token('member', 'other'),
    stranger: await fixture.token('stranger'),
    member: await fixture.token('member'),
    admin: await fixture.token('admin'),
    service: await fixture.token(),
    operator: ADMIN_TOKEN,
  }
})

async function conversation(): Promise<string> {
  const { body } = await fixture.call('POST', '/v1/conversations', {
    token: tokens.admin!,
    json: { type: 'group', members: ['member'] },
  })
  return body.conversation_id
}

const listed = Object.entries(openApiDocument(ENDPOINTS).paths ?? {}).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method} ${path}`),
)

test('every endpoint of the OpenAPI document has a row, and every row an endpoint', () => {
  assert.deepEqual(listed.toSorted(), Object.keys(RIGHTS).toSorted())
})

for (const name of listed) {
  test(`who may ${name}`, async () => {
    const row = RIGHTS[name]!
    const [method, path] = name.split(' ') as [string, string]
    for (const asker of ASKERS) {
      const id = await conversation()
      const made = (await row.make?.({ fixture, tokens, conversation: id })) ?? {}
      const as = asker === 'service' || asker === 'otherApp' ? 'member' : undefined
      const of = { conversation: id, made, as }
      const values: Readonly<Record<string, string>> = { ...made, conversation_id: id }
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, parameter: string) => encodeURIComponent(values[parameter]!))
      const search = row.query === undefined ? '' : `?${new URLSearchParams(row.query(of))}`
      const token = tokens[asker]
      const { status, headers, body } = await fixture.call(method.toUpperCase(), filled + search, {
        ...(token !== undefined && { token }),
        ...(row.body && { json: row.body(of) }),
      })
      assert.equal(status, row.expected[asker], `${asker}: ${JSON.stringify(body)}`)
      if (status === 401) assert.match(headers.get('www-authenticate') ?? '', /^Bearer /)
    }
  })
}

test('without an admin token there is no admin API, whatever comes', async () => {
  const closed = await restFixture({ adminToken: undefined })
  for (const token of [ADMIN_TOKEN, 'undefined', tokens.service!]) {
    assert.equal((await closed.call('GET', '/v1/apps', { token })).status, 404)
  }
})

test('the list of a user of another app shows nothing of this one', async () => {
  const id = await conversation()
  const list = async (token: string) => {
    const { body } = await fixture.call('GET', '/v1/conversations?user=member&limit=1000', { token })
    return body.conversations.map(({ conversation_id }: { conversation_id: string }) => conversation_id)
  }
  assert.ok((await list(tokens.service!)).includes(id))
  assert.ok(!(await list(tokens.otherApp!)).includes(id))
})

test('a member that was removed is a stranger', async () => {
  const id = await conversation()
  await fixture.call('POST', `/v1/conversations/${id}/members`, { token: tokens.admin!, json: { remove: ['member'] } })
  for (const path of [`/v1/conversations/${id}`, `/v1/conversations/${id}/messages`]) {
    assert.equal((await fixture.call('GET', path, { token: tokens.member! })).status, 404)
  }
})
