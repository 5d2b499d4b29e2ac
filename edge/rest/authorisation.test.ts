import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { before, test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import { openApiDocument } from './description/openapi.js'
import { ENDPOINTS } from './endpoints.js'
import { type RestFixture, restFixture } from './testing/rest-fixture.js'
import { deadDelivery } from './testing/some-delivery.js'

/**
 * Every endpoint × everyone who may ask. The rows are looked up by what the OpenAPI document lists, so an endpoint
 * that nobody thought about here fails.
 */

const ASKERS = ['nobody', 'expired', 'otherApp', 'stranger', 'member', 'admin', 'service'] as const
type Asker = (typeof ASKERS)[number]

interface Row {
  readonly body?: (of: Conversation) => unknown
  readonly query?: string
  /** Makes what the path names: a file that `admin` uploaded and posted in the conversation. */
  readonly file?: 'uploading' | 'posted'
  /** Makes what the path names: a webhook of the app, with a delivery that is dead. */
  readonly webhook?: true
  readonly expected: Readonly<Record<Asker, number>>
}
interface Conversation {
  readonly id: string
  readonly file: string
  /** The service names the user for whom it acts; users leave that out. */
  readonly as: string | undefined
}

const NO_TOKEN = { nobody: 401, expired: 401 }
const SERVICES_ONLY = { ...NO_TOKEN, stranger: 403, member: 403, admin: 403 }

const MATRIX: Record<string, Row> = {
  'post /auth/token': {
    body: () => ({ client_id: 'demo', client_secret: 'wrong' }),
    expected: { nobody: 401, expired: 401, otherApp: 401, stranger: 401, member: 401, admin: 401, service: 401 },
  },
  'post /v1/conversations': {
    body: ({ as }) => ({ type: 'group', members: as === undefined ? ['x'] : [as] }),
    // Anyone may open a conversation of its own app.
    expected: { ...NO_TOKEN, otherApp: 201, stranger: 201, member: 201, admin: 201, service: 201 },
  },
  'get /v1/conversations': {
    query: 'member',
    // Of the member's conversations: only the member and its service may see them; another app has a user of that name.
    expected: { ...NO_TOKEN, otherApp: 200, stranger: 403, member: 200, admin: 403, service: 200 },
  },
  'get /v1/conversations/{conversation_id}': {
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 200, admin: 200, service: 200 },
  },
  'get /v1/conversations/{conversation_id}/messages': {
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 200, admin: 200, service: 200 },
  },
  'post /v1/conversations/{conversation_id}/members': {
    body: () => ({ add: ['newcomer'] }),
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 403, admin: 200, service: 200 },
  },
  'post /v1/conversations/{conversation_id}/receipts': {
    body: ({ as }) => ({ read: 1, ...(as && { user: as }) }),
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 204, admin: 204, service: 204 },
  },
  'post /v1/messages': {
    body: ({ id, as }) => ({
      message_id: randomUUID(),
      conversation_id: id,
      payload: { type: 'text', text: 'hello' },
      ...(as && { from: as }),
    }),
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 202, admin: 202, service: 202 },
  },
  'post /v1/files/initiate': {
    body: () => ({ name: 'a.txt', size: 5 }),
    expected: { ...NO_TOKEN, otherApp: 201, stranger: 201, member: 201, admin: 201, service: 201 },
  },
  // An upload is its owner's alone: not even of those who may read the file.
  'get /v1/files/{file_id}/parts': {
    file: 'posted',
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 404, admin: 200, service: 200 },
  },
  'post /v1/files/{file_id}/parts': {
    file: 'uploading',
    body: () => ({ part_numbers: [1] }),
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 404, admin: 200, service: 200 },
  },
  'post /v1/files/complete': {
    file: 'uploading',
    body: ({ file }) => ({ file_id: file, checksum: CHECKSUM }),
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 404, admin: 200, service: 200 },
  },
  'get /v1/files/{file_id}': {
    file: 'posted',
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 200, admin: 200, service: 200 },
  },
  'get /v1/files/{file_id}/content': {
    file: 'posted',
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 302, admin: 302, service: 302 },
  },
  'delete /v1/files/{file_id}': {
    file: 'posted',
    expected: { ...NO_TOKEN, otherApp: 404, stranger: 404, member: 404, admin: 204, service: 204 },
  },
}

Object.assign(MATRIX, {
  'post /v1/webhooks': {
    body: () => ({ url: 'https://example.org/' }),
    expected: { ...SERVICES_ONLY, otherApp: 201, service: 201 },
  },
  'get /v1/webhooks': { expected: { ...SERVICES_ONLY, otherApp: 200, service: 200 } },
  'get /v1/webhooks/{webhook_id}': { webhook: true, expected: { ...SERVICES_ONLY, otherApp: 404, service: 200 } },
  'patch /v1/webhooks/{webhook_id}': {
    webhook: true,
    body: () => ({ enabled: false }),
    expected: { ...SERVICES_ONLY, otherApp: 404, service: 200 },
  },
  'delete /v1/webhooks/{webhook_id}': { webhook: true, expected: { ...SERVICES_ONLY, otherApp: 404, service: 204 } },
  'post /v1/webhooks/{webhook_id}/rotate-secret': {
    webhook: true,
    body: () => ({}),
    expected: { ...SERVICES_ONLY, otherApp: 404, service: 200 },
  },
  'post /v1/webhooks/{webhook_id}/test': {
    webhook: true,
    expected: { ...SERVICES_ONLY, otherApp: 404, service: 202 },
  },
  'get /v1/webhooks/{webhook_id}/deliveries': {
    webhook: true,
    expected: { ...SERVICES_ONLY, otherApp: 404, service: 200 },
  },
  'get /v1/webhooks/{webhook_id}/deliveries/{delivery_id}': {
    webhook: true,
    expected: { ...SERVICES_ONLY, otherApp: 404, service: 200 },
  },
  'post /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver': {
    webhook: true,
    expected: { ...SERVICES_ONLY, otherApp: 404, service: 202 },
  },
  'post /v1/webhooks/{webhook_id}/redeliver': {
    webhook: true,
    body: () => ({ since: 0 }),
    expected: { ...SERVICES_ONLY, otherApp: 404, service: 202 },
  },
} satisfies Record<string, Row>)

const BYTES = Buffer.from('hello')
const CHECKSUM = createHash('sha256').update(BYTES).digest('hex')

let fixture: RestFixture
let tokens: Record<Asker, string | undefined>

before(async () => {
  fixture = await restFixture()
  const expired = await fixture.token('member')
  fixture.pass(3_700_000)
  tokens = {
    nobody: undefined,
    expired,
    otherApp: await fixture.token(undefined, 'other'),
    stranger: await fixture.token('stranger'),
    member: await fixture.token('member'),
    admin: await fixture.token('admin'),
    service: await fixture.token(),
  }
})

async function conversation(): Promise<string> {
  const { body } = await fixture.call('POST', '/v1/conversations', {
    token: tokens.admin!,
    json: { type: 'group', members: ['member'] },
  })
  return body.conversation_id
}

async function file(kind: 'uploading' | 'posted', conversation: string): Promise<string> {
  const post = (path: string, json: unknown) => fixture.call('POST', path, { token: tokens.admin!, json })
  const { body } = await post('/v1/files/initiate', { name: 'a.txt', size: BYTES.length })
  await fixture.fileWorld.put(body.upload_url, BYTES)
  if (kind === 'uploading') return body.file_id
  await post('/v1/files/complete', { file_id: body.file_id, checksum: CHECKSUM })
  const payload = { type: 'file', file_id: body.file_id, name: 'a.txt', size: BYTES.length, mime: 'text/plain' }
  const posted = await post('/v1/messages', { message_id: randomUUID(), conversation_id: conversation, payload })
  assert.equal(posted.status, 202)
  return body.file_id
}

async function webhook(): Promise<{ id: string; delivery: string }> {
  const { body } = await fixture.call('POST', '/v1/webhooks', {
    token: tokens.service!,
    json: { url: 'https://example.org/' },
  })
  const ref = { app: 'demo' as AppId, id: body.webhook_id }
  const delivery = deadDelivery()
  await fixture.webhookStore.history.add(ref, 'dead', [delivery])
  return { id: ref.id, delivery: delivery.id }
}

const listed = Object.entries(openApiDocument(ENDPOINTS).paths ?? {}).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method} ${path}`),
)

test('every endpoint of the OpenAPI document has a row, and every row an endpoint', () => {
  assert.deepEqual(listed.toSorted(), Object.keys(MATRIX).toSorted())
})

for (const name of listed) {
  test(`who may ${name}`, async () => {
    const row = MATRIX[name]!
    const [method, path] = name.split(' ') as [string, string]
    for (const asker of ASKERS) {
      const id = await conversation()
      const as = asker === 'service' || asker === 'otherApp' ? 'member' : undefined
      const token = tokens[asker]
      const fileId = row.file === undefined ? '' : await file(row.file, id)
      const made = row.webhook && (await webhook())
      const { status, headers } = await fixture.call(
        method.toUpperCase(),
        path
          .replace('{conversation_id}', id)
          .replace('{file_id}', fileId)
          .replace('{webhook_id}', made?.id ?? '')
          .replace('{delivery_id}', made?.delivery ?? '') + (row.query === undefined ? '' : `?user=${row.query}`),
        { ...(token !== undefined && { token }), ...(row.body && { json: row.body({ id, as, file: fileId }) }) },
      )
      assert.equal(status, row.expected[asker], asker)
      if (status === 401) assert.match(headers.get('www-authenticate') ?? '', /^Bearer /)
    }
  })
}

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
