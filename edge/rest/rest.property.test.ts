import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, beforeEach, test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { openApiDocument } from './description/openapi.js'
import { ENDPOINTS } from './endpoints.js'
import { type Answer, type RestFixture, restFixture } from './testing/rest-fixture.js'
import { deadDelivery } from './testing/some-delivery.js'

/**
 * Whatever comes in, an answer is one that the OpenAPI document announces: status, media type and shape. Bodies are
 * random JSON, or good ones with one thing changed: those get past the first check and deep into an endpoint.
 */

const document = JSON.parse(JSON.stringify(openApiDocument(ENDPOINTS)))
const ajv = new Ajv2020({ strict: false, formats: { uuid: true } })
ajv.addSchema(document, 'openapi')
const validators = new Map<string, ValidateFunction>()

let fixture: RestFixture
let tokens: string[]
let conversations: string[]
let files: string[]
let webhook: string
let delivery: string

before(async () => {
  fixture = await restFixture()
  tokens = [await fixture.token(), await fixture.token('ana'), await fixture.token('bob')]
  conversations = []
  for (const type of ['private', 'group']) {
    const { body } = await fixture.call('POST', '/v1/conversations', {
      token: tokens[1]!,
      json: { type, members: ['bob'] },
    })
    conversations.push(body.conversation_id)
  }
  files = []
  for (const token of tokens) {
    const json = { name: 'a.txt', size: 5 }
    const { body } = await fixture.call('POST', '/v1/files/initiate', { token, json })
    if (files.length < 2) await fixture.fileWorld.put(body.upload_url, Buffer.from('hello'))
    files.push(body.file_id)
    // The first is ready, the second is all there but not completed, the third is empty.
    const checksum = createHash('sha256').update('hello').digest('hex')
    if (files.length === 1) {
      await fixture.call('POST', '/v1/files/complete', { token, json: { file_id: body.file_id, checksum } })
    }
  }
})

/** One for each endpoint: one of them deletes it. */
beforeEach(async () => {
  const token = tokens[0]!
  const { body } = await fixture.call('POST', '/v1/webhooks', { token, json: { url: 'https://example.org/' } })
  webhook = body.webhook_id
  const dead = [deadDelivery(), deadDelivery(), deadDelivery()]
  delivery = dead[0]!.id
  await fixture.webhookStore.history.add({ app: 'demo' as AppId, id: webhook }, 'dead', dead)
})

function assertAnnounced(method: string, path: string, { status, headers, body }: Answer): void {
  const operation = document.paths[path][method]
  const announced = operation.responses[status]
  assert.ok(announced, `${method} ${path} answered ${status}, which is not announced: ${JSON.stringify(body)}`)
  for (const header of Object.keys(announced.headers)) {
    // Link and Location are there when there is something to point at.
    if (!/^(link|location)$/i.test(header)) assert.ok(headers.has(header), `${status} lacks ${header}`)
  }
  const [content] = Object.entries<{ schema: { $ref: string } }>(announced.content ?? {})
  if (content === undefined) return assert.equal(body, '')
  const [mediaType, { schema }] = content
  assert.equal(headers.get('content-type'), mediaType)
  const reference = `openapi${schema.$ref}`
  const validator = validators.get(reference) ?? ajv.compile({ $ref: reference })
  validators.set(reference, validator)
  assert.ok(validator(body), `${method} ${path} ${status}: ${ajv.errorsText(validator.errors)} ${JSON.stringify(body)}`)
}

const userId = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('ana', 'bob', 'carl') },
  { weight: 1, arbitrary: fc.constantFrom('no spaces', '', 'x'.repeat(129)) },
)
const conversationId = fc.oneof(
  { weight: 4, arbitrary: fc.nat(1).map((index) => ({ index })) },
  { weight: 1, arbitrary: fc.constantFrom('unknown', '%00', '..', 'a b', 'x'.repeat(65), '%E0%A4%A') },
)
const json = fc.jsonValue({ maxDepth: 4 })
const odd = fc.oneof(
  json,
  fc.constantFrom(null, -1, 0, 1.5, 1e308, 2 ** 53, '', 'x'.repeat(20_000), [], {}, '\u0000', '\ud800'),
)

/** A body of which most fields are right, and some left out or anything. */
const almost = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(
    Object.fromEntries(
      Object.entries(fields).map(([name, good]) => [
        name,
        fc.oneof(
          { weight: 16, arbitrary: good },
          { weight: 1, arbitrary: odd },
          { weight: 3, arbitrary: fc.constant(undefined) },
        ),
      ]),
    ),
  )

const uuid = fc.uuid({ version: 4 })
const users = fc.array(userId, { maxLength: 4 })
const labels = fc.oneof(
  { weight: 4, arbitrary: fc.dictionary(fc.string({ maxLength: 20 }), fc.string(), { maxKeys: 3 }) },
  { weight: 1, arbitrary: fc.dictionary(fc.string({ maxLength: 70 }), odd, { maxKeys: 3 }) },
)
const seqs = fc.oneof(fc.nat(20), fc.maxSafeNat())
const payload = fc.oneof(
  almost({ type: fc.constant('text'), text: fc.string({ unit: 'binary' }) }),
  almost({ type: fc.constant('custom'), data: fc.anything({ maxDepth: 4 }) }),
  almost({
    type: fc.constant('file'),
    file_id: fc.string(),
    name: fc.string(),
    size: fc.maxSafeNat(),
    mime: fc.constant('image/png'),
    caption: fc.string(),
  }),
)

const BODIES: Record<string, fc.Arbitrary<unknown>> = {
  '/auth/token': almost({
    client_id: fc.constant('demo'),
    user: userId,
    grant_type: fc.constantFrom('client_credentials', 'password'),
  }),
  '/v1/conversations': almost({
    type: fc.constantFrom('private', 'group'),
    members: users,
    admins: users,
    metadata: labels,
    message_id: uuid,
    ttl: fc.nat(),
  }),
  '/v1/conversations/{conversation_id}/members': almost({ add: users, remove: users, message_id: uuid, from: userId }),
  '/v1/conversations/{conversation_id}/receipts': almost({ delivered: seqs, read: seqs, user: userId }),
  '/v1/messages': almost({
    message_id: uuid,
    conversation_id: conversationId,
    from: userId,
    to: users,
    channels: fc.array(
      fc.oneof({ weight: 9, arbitrary: fc.constantFrom('all', 'telegram') }, { weight: 1, arbitrary: odd }),
      {
        maxLength: 3,
      },
    ),
    payload,
    metadata: labels,
    ttl: fc.nat(),
  }),
}

const sha256 = fc.oneof(
  fc.constant('a'.repeat(64)),
  fc.constant('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'),
)
const fileId = fc.oneof(
  { weight: 4, arbitrary: fc.nat(2).map((index) => ({ file: index })) },
  { weight: 1, arbitrary: fc.constantFrom('unknown', 'a b', '%00', 'initiate') },
)
Object.assign(BODIES, {
  '/v1/files/initiate': almost({
    name: fc.oneof(fc.constantFrom('a.txt', 'ä.png', 'a/b', ''), fc.string()),
    size: fc.oneof(fc.constantFrom(1, 5, 0, 2_147_483_648, 2_147_483_649), fc.maxSafeNat()),
    mime: fc.constantFrom('text/plain', 'text', 'IMAGE/PNG'),
    checksum: sha256,
    from: userId,
  }),
  '/v1/files/complete': almost({ file_id: fileId, checksum: sha256, parts: fc.array(sha256, { maxLength: 2 }) }),
  '/v1/files/{file_id}/parts': almost({ part_numbers: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }) }),
} satisfies Record<string, fc.Arbitrary<unknown>>)

const url = fc.constantFrom('https://example.org/', 'http://example.org/', 'nonsense', 'https://'.padEnd(3_000, 'x'))
const eventTypes = fc.array(fc.constantFrom('message.sent', 'message.read', 'unknown'), { maxLength: 3 })
const webhookFields = { url, events: eventTypes, description: fc.string(), enabled: fc.boolean() }
Object.assign(BODIES, {
  '/v1/webhooks': almost(webhookFields),
  '/v1/webhooks/{webhook_id}': almost({ ...webhookFields, events: fc.oneof(eventTypes, fc.constant(null)) }),
  '/v1/webhooks/{webhook_id}/rotate-secret': almost({ overlap: fc.nat(1_000_000) }),
  '/v1/webhooks/{webhook_id}/redeliver': almost({ since: fc.maxSafeNat(), until: fc.maxSafeNat() }),
} satisfies Record<string, fc.Arbitrary<unknown>>)

const query = fc.dictionary(
  fc.constantFrom('since', 'before', 'limit', 'user', 'cursor', 'redirect', 'status', 'other'),
  fc.oneof(fc.nat(30).map(String), userId, fc.string(), fc.constantFrom('1.a', '', 'dead', 'pending')),
)

/** Conversation ids are known only once the fixture stands: indexes stand for them. */
function withIds(body: unknown): string {
  const text = JSON.stringify(body, (key, value) =>
    key === 'conversation_id' && typeof value?.index === 'number'
      ? conversations[value.index]
      : key === 'file_id' && typeof value?.file === 'number'
        ? files[value.file]
        : typeof value === 'bigint'
          ? String(value)
          : value,
  )
  return text ?? 'null'
}

for (const { method, path } of ENDPOINTS) {
  test(`${method} ${path} answers anything as announced`, async () => {
    const statuses = new Set<number>()
    const bodies = BODIES[path]
    const body = bodies && fc.oneof({ weight: 6, arbitrary: bodies }, { weight: 1, arbitrary: fc.anything() })
    const raw = fc.oneof(
      { weight: 1, arbitrary: fc.string() },
      { weight: 9, arbitrary: body ?? fc.constant(undefined) },
    )
    await fc.assert(
      fc.asyncProperty(conversationId, fileId, query, raw, fc.nat(2), async (id, file, parameters, value, who) => {
        const named = typeof id === 'string' ? id : conversations[id.index]!
        const search = method === 'get' ? `?${new URLSearchParams(parameters)}` : ''
        const answer = await fixture.call(
          method.toUpperCase(),
          path
            .replace('{conversation_id}', named)
            .replace('{webhook_id}', typeof id === 'string' ? id : webhook)
            .replace('{delivery_id}', typeof file === 'string' ? file : delivery)
            .replace('{file_id}', typeof file === 'string' ? file : files[file.file]!) + search,
          {
            token: tokens[who]!,
            ...((method === 'post' || method === 'patch') && {
              json: typeof value === 'string' ? value : withIds(value),
            }),
          },
        )
        // `..` leads to another path before it is sent, and an empty id to another endpoint.
        if (answer.status !== 404 || answer.body.detail !== 'There is nothing at this path.') {
          if (named !== '..' || !path.includes('{conversation_id}')) assertAnnounced(method, path, answer)
        }
        assert.ok(answer.status < 500, `${answer.status}: ${JSON.stringify(answer.body)}`)
        statuses.add(answer.status)
      }),
      { numRuns: path === '/auth/token' ? 40 : 400 },
    )
    // A test that only ever met refusals would show little.
    if (path !== '/auth/token')
      assert.ok(
        [...statuses].some((status) => status < 400),
        [...statuses].join(),
      )
  })
}

test('an authorization header of any content is answered as announced', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.string().map((s) => `Bearer ${s}`),
      ),
      async (authorization) => {
        let headers: Headers
        try {
          headers = new Headers({ authorization })
        } catch {
          return // No client could send it.
        }
        const answer = await fixture.call('GET', '/v1/conversations', { headers: Object.fromEntries(headers) })
        assert.equal(answer.status, 401)
        assertAnnounced('get', '/v1/conversations', answer)
      },
    ),
  )
})
