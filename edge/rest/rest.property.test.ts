import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { before, beforeEach, test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { openApiDocument } from './description/openapi.js'
import type { Access } from './endpoint.js'
import { ENDPOINTS } from './endpoints.js'
import { ADMIN_TOKEN, type Answer, type RestFixture, restFixture } from './testing/rest-fixture.js'
import { deadDelivery } from './testing/some-delivery.js'
import { anything, type Generation, type JsonSchema, valuesOf } from './testing/values-of-schema.js'

/**
 * Whatever comes in, an answer is one that the OpenAPI document announces: status, media type and shape. Requests are
 * made from the document itself: mostly right ones, with things that exist, and here and there something wrong or
 * missing; those get past the first check and deep into an endpoint.
 */

const document = JSON.parse(JSON.stringify(openApiDocument(ENDPOINTS)))
const ajv = new Ajv2020({ strict: false, formats: { uuid: true, 'date-time': true } })
ajv.addSchema(document, 'openapi')
const validators = new Map<string, ValidateFunction>()

let fixture: RestFixture
let tokens: string[]
/** Ids of things that exist, by the name of the parameter or field that takes them. */
let known: Record<string, unknown[]>

const SHA256 = createHash('sha256').update('hello').digest('hex')

before(async () => {
  // Every answer tells of a limit, and none is ever reached.
  fixture = await restFixture({ limits: { addressRequestsPerSecond: 1_000_000 } })
  tokens = [await fixture.token(), await fixture.token('ana'), await fixture.token('bob'), ADMIN_TOKEN]
  known = {
    ...Object.fromEntries(['user', 'user_id', 'members', 'to'].map((name) => [name, USERS])),
    from: ['ana'],
    add: ['ana', 'dora'],
    remove: ['carl', 'emil'],
    client_secret: ['wrong'],
    size: [5],
    checksum: [SHA256],
    part_numbers: [1],
    url: ['https://example.org/'],
    limit: ['1', '2'],
    since: ['0', '1'],
    overlap: [0, 60],
  }
})

const PEER = '198.51.100.1'
const USERS = ['ana', 'bob', 'carl']

/** For each endpoint anew: one of them deletes. */
beforeEach(async () => {
  const call = (method: string, path: string, json: unknown, token = tokens[0]!) =>
    fixture.call(method, path, { token, json }).then(({ body }) => body)
  const conversations = []
  for (const type of ['private', 'group']) {
    const { conversation_id } = await call('POST', '/v1/conversations', { type, members: ['bob'] }, tokens[1])
    conversations.push(conversation_id)
  }
  known.conversation_id = conversations
  known.message_id = conversations.map(() => randomUUID())
  for (const [i, conversation_id] of conversations.entries()) {
    const message = { conversation_id, message_id: known.message_id[i], payload: { type: 'text', text: 'hello' } }
    await call('POST', '/v1/messages', message, tokens[1])
  }
  known.file_id = await Promise.all([0, 1, 2].map(file))
  const { webhook_id } = await call('POST', '/v1/webhooks', { url: 'https://example.org/' })
  known.webhook_id = [webhook_id]
  const dead = [deadDelivery(), deadDelivery(), deadDelivery()]
  known.delivery_id = [dead[0]!.id]
  await fixture.webhookStore.history.add({ app: 'demo' as AppId, id: webhook_id }, 'dead', dead)
  for (const user_id of ['ana', 'bob']) await call('POST', '/v1/users', { user_id })
  await call('PUT', '/v1/users/ana/identities/telegram/42', undefined)
  const { erasure_id } = await call('DELETE', '/v1/users/emil', undefined)
  known.erasure_id = [erasure_id]
  Object.assign(known, { channel: ['telegram'], address: ['42', '43'] })
  await call('POST', '/v1/apps', { client_id: 'spare' }, ADMIN_TOKEN)
  // Not the app that asks: what disables it, or gives it a quota, would be answered to all that follow.
  const spare = await call('POST', '/v1/apps/spare/secrets', {}, ADMIN_TOKEN)
  Object.assign(known, { secret_id: [spare.secret_id], client_id: ['spare', `new-${randomUUID()}`] })
})

/** The first is ready, the second is all there but not completed, the third is empty. */
async function file(which: number): Promise<string> {
  const token = tokens[which]!
  const { body } = await fixture.call('POST', '/v1/files/initiate', { token, json: { name: 'a.txt', size: 5 } })
  if (which < 2) await fixture.fileWorld.put(body.upload_url, Buffer.from('hello'))
  const json = { file_id: body.file_id, checksum: SHA256 }
  if (which === 0) await fixture.call('POST', '/v1/files/complete', { token, json })
  return body.file_id
}

function assertAnnounced(method: string, path: string, { status, headers, body }: Answer): void {
  const operation = document.paths[path][method]
  const announced = operation.responses[status]
  assert.ok(announced, `${method} ${path} answered ${status}, which is not announced: ${JSON.stringify(body)}`)
  for (const header of Object.keys(announced.headers)) {
    // Link, Location and Idempotency-Replayed are there when there is something to point at.
    // Retry-After is where the problem says so: one status may be that of several faults.
    if (/^retry-after$/i.test(header)) assert.equal(headers.has(header), body.retry_after !== undefined)
    else if (!/^(link|location|idempotency-replayed)$/i.test(header))
      assert.ok(headers.has(header), `${status} lacks ${header}`)
  }
  const contents: Record<string, { schema: { $ref: string } }> = announced.content ?? {}
  if (Object.keys(contents).length === 0) return assert.equal(body, '')
  const mediaType = headers.get('content-type')
  assert.ok(mediaType !== null && mediaType in contents, `${status} of type ${mediaType}`)
  const reference = `openapi${contents[mediaType]!.schema.$ref}`
  const validator = validators.get(reference) ?? ajv.compile({ $ref: reference })
  validators.set(reference, validator)
  assert.ok(validator(body), `${method} ${path} ${status}: ${ajv.errorsText(validator.errors)} ${JSON.stringify(body)}`)
}

const generation: Generation = {
  resolve: (reference) => document.components.schemas[reference.replace('#/components/schemas/', '')],
  known: (name) => known[name] ?? [],
}

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required?: boolean
  readonly schema: JsonSchema
}

/** What is no wait, or is over at once. */
const WAITS = fc.constantFrom('0', '0', '0', '', '-1', '61', '1e1')

/** Values of the parameters in one place, as text. */
function parameters(all: readonly Parameter[], place: Parameter['in']): fc.Arbitrary<Record<string, string>> {
  const fields = all
    .filter((parameter) => parameter.in === place)
    .map(({ name, required, schema }) => {
      const given =
        name === 'wait'
          ? WAITS
          : valuesOf(schema, generation, name).map((value) =>
              typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
            )
      // Without `wait`, events are a stream that never ends.
      const isNeeded = required === true || name === 'wait'
      return [name, isNeeded ? given : fc.option(given, { nil: undefined })] as const
    })
  return fc
    .record(Object.fromEntries(fields))
    .map((values) =>
      Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    )
}

/** In a path, what is no text becomes some, and dots and nothing lead elsewhere before anything is sent. */
function inPath(value: string): string {
  const encoded = encodeURIComponent(value.replaceAll(/\p{Surrogate}/gu, '?'))
  return encoded === '' || /^\.+$/.test(encoded) ? 'unknown' : encoded.slice(0, 2_000)
}

/** To hash a secret costs more than a hundred other requests. */
function hashes(method: string, path: string): boolean {
  return path === '/auth/token' || (method === 'post' && path.startsWith('/v1/apps'))
}

/** Whether nothing of what was asked was done. */
function onlyRefused(access: Access, statuses: ReadonlySet<number>): boolean {
  return access !== 'public' && Math.min(...statuses) >= 400
}
const ROUNDS_MAX = 30

for (const { method, path, access } of ENDPOINTS) {
  test(`${method} ${path} answers anything as announced`, async () => {
    const operation = document.paths[path][method]
    const all: Parameter[] = operation.parameters ?? []
    const schema: JsonSchema | undefined = operation.requestBody?.content['application/json'].schema
    const body =
      schema === undefined
        ? fc.constant(undefined)
        : fc.oneof(
            { weight: 20, arbitrary: valuesOf(schema, generation).map((value) => JSON.stringify(value) ?? 'null') },
            { weight: 1, arbitrary: anything.map((value) => JSON.stringify(value)) },
            { weight: 1, arbitrary: fc.string() },
          )
    const statuses = new Set<number>()
    const inPaths = parameters(all, 'path')
    const queries = fc.tuple(parameters(all, 'query'), fc.dictionary(fc.constant('other'), fc.string()))
    const property = fc.asyncProperty(inPaths, queries, body, fc.nat(2), async (values, [query, other], json, who) => {
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath(values[name]!))
      const search = all.some((parameter) => parameter.in === 'query')
        ? `?${new URLSearchParams({ ...other, ...query })}`
        : ''
      const answer = await fixture.call(method.toUpperCase(), filled + search, {
        token: access === 'admin' ? ADMIN_TOKEN : tokens[access === 'service' ? 0 : who]!,
        ...(json !== undefined && { json }),
        peer: PEER,
      })
      assert.ok(answer.status < 500, `${answer.status}: ${JSON.stringify(answer.body)}`)
      assertAnnounced(method, path, answer)
      statuses.add(answer.status)
    })
    // What succeeds is rare where much has to be right at once: chance gets some more tries, and the same is demanded.
    for (let round = 0; round < ROUNDS_MAX && (round === 0 || onlyRefused(access, statuses)); round++)
      await fc.assert(property, { numRuns: hashes(method, path) ? 10 : 150 })
    // A test that only ever met refusals would show little.
    assert.ok(!onlyRefused(access, statuses), [...statuses].join())
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
        const answer = await fixture.call('GET', '/v1/conversations', {
          headers: Object.fromEntries(headers),
          peer: PEER,
        })
        assert.equal(answer.status, 401)
        assertAnnounced('get', '/v1/conversations', answer)
      },
    ),
  )
})
