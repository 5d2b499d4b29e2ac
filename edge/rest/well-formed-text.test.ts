import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { BufferedRequest } from './http/buffered-request.js'
import { restFixture } from './testing/rest-fixture.js'

/** What could only be stored as something else than was sent is refused, and the answer says where it stands. */

const fixture = await restFixture()
const service = await fixture.token()
const post = (path: string, json: unknown) => fixture.call('POST', path, { token: service, json })

const bodies: readonly [path: string, pointer: string, body: unknown][] = [
  ['/v1/messages', '/payload/text', { payload: { type: 'text', text: 'half: \ud83d' } }],
  [
    '/v1/messages',
    '/payload/data/notes/1',
    { payload: { type: 'custom', data: { notes: ['', '\ud800'.padEnd(99)] } } },
  ],
  ['/v1/messages', '/message_id', { message_id: '\udfff' }],
  ['/v2/messages', '/messages/0/metadata/tag', { messages: [{ metadata: { tag: '\ud800' } }] }],
  ['/v1/conversations', '/metadata', { metadata: { '\ud800': 'a name' } }],
  ['/v1/conversations', '/members/0', { members: ['\ud800'] }],
  ['/v1/users', '/name', { user_id: 'ana', name: 'Ana \udc00' }],
  ['/v1/users', '/user_id', { user_id: '\ud800' }],
  ['/v1/webhooks', '/description', { url: 'https://example.org/', description: '\ud800' }],
  ['/v1/files/initiate', '/name', { name: '\ud800.png', size: 1 }],
]

for (const [path, pointer, body] of bodies) {
  test(`half of a surrogate pair at ${pointer} of POST ${path} is refused by name`, async () => {
    const { status, body: problem } = await post(path, body)
    assert.deepEqual([status, problem.code], [400, 'INVALID'])
    assert.deepEqual(problem.errors, [
      { path: pointer, message: 'It is not well-formed Unicode (half of a surrogate pair).' },
    ])
  })
}

test('a pair that is written as two escapes is the one character that it means', async () => {
  const group = await post('/v1/conversations', { type: 'group', members: ['ana'] })
  const { conversation_id } = group.body
  const json = `{"message_id":"${randomUUID()}","conversation_id":"${conversation_id}","from":"ana","payload":{"type":"text","text":"\\ud83d\\ude00"}}`
  assert.equal((await post('/v1/messages', json)).status, 202)
  const page = await fixture.call('GET', `/v1/conversations/${conversation_id}/messages`, { token: service })
  assert.equal(page.body.messages.at(-1).payload.text, '\u{1f600}')
})

test('bytes of an address that are no text are refused, not taken for their escapes', async () => {
  await post('/v1/users', { user_id: 'ana' })
  for (const bytes of ['%ff', '%ED%A0%80', '%zz', '%']) {
    const path = `/v1/users/ana/identities/telegram/${bytes}`
    const { status, body } = await fixture.call('PUT', path, { token: service })
    assert.deepEqual([status, body.errors?.[0]?.path], [400, 'URL'], bytes)
    const asked = await fixture.call('GET', `/v1/identities?channel=telegram&address=${bytes}`, { token: service })
    assert.deepEqual([asked.status, asked.body.code], [400, 'INVALID'], bytes)
  }
})

test('bytes of an address that are no text and not even percent-encoded are refused, not kept as U+FFFD', async () => {
  await post('/v1/users', { user_id: 'ana' })
  // What uWebSockets.js makes of the byte FF.
  const url = 'http://localhost/v1/users/ana/identities/telegram/a\ufffdb'
  const asked = (at: string) =>
    fixture.rest.fetch(
      new BufferedRequest('PUT', at, [['authorization', `Bearer ${service}`]], new Uint8Array()) as unknown as Request,
      { remoteAddress: '192.0.2.1' },
    )
  assert.equal((await asked(url)).status, 400)
  assert.equal((await asked(url.replace('\ufffd', '%EF%BF%BD'))).status, 201)
})
