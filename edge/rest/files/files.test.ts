import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { before, test } from 'node:test'
import { type RestFixture, restFixture } from '../testing/rest-fixture.js'

let fixture: RestFixture
let ann: string
before(async () => {
  fixture = await restFixture()
  ann = await fixture.token('ann')
})
const post = (path: string, json: unknown, token = ann) => fixture.call('POST', path, { token, json })
const HELLO = Buffer.from('hello')
const CHECKSUM = createHash('sha256').update(HELLO).digest('hex')

async function uploaded(token = ann): Promise<string> {
  const { body } = await post('/v1/files/initiate', { name: 'a.txt', size: 5, mime: 'text/plain' }, token)
  await fixture.fileWorld.put(body.upload_url, HELLO)
  const done = await post('/v1/files/complete', { file_id: body.file_id, checksum: CHECKSUM }, token)
  assert.equal(done.body.state, 'ready')
  return body.file_id
}

test('2 GiB are taken, and not one byte more', async () => {
  const taken = await post('/v1/files/initiate', { name: 'a', size: 2_147_483_648 })
  assert.equal(taken.status, 201)
  assert.deepEqual([taken.body.part_size, taken.body.part_count, taken.body.parts.length], [8_388_608, 256, 16])
  assert.equal(taken.body.upload_url, taken.body.parts[0].url)
  const refused = await post('/v1/files/initiate', { name: 'a', size: 2_147_483_649 })
  assert.deepEqual([refused.status, refused.body.errors[0].path], [400, '/size'])
  const last = await post(`/v1/files/${taken.body.file_id}/parts`, { part_numbers: [256] })
  assert.equal(last.body.parts[0].size, 8_388_608)
  const beyond = await post(`/v1/files/${taken.body.file_id}/parts`, { part_numbers: [257] })
  assert.equal(beyond.status, 400)
})

test('a part cannot be larger than announced, so that no sum of parts is', async () => {
  const { body } = await post('/v1/files/initiate', { name: 'a', size: 5 })
  await assert.rejects(fixture.fileWorld.put(body.upload_url, Buffer.from('hello!')), /more came/)
})

test('names that lead elsewhere, and types that are none, are refused', async () => {
  for (const name of ['a/b', '..\\b', 'a\nb', '', '\ud800', 'x'.repeat(256)]) {
    assert.equal((await post('/v1/files/initiate', { name, size: 5 })).status, 400, JSON.stringify(name))
  }
  for (const mime of ['text', 'text/html; x', 'a/b\r\nc', '']) {
    assert.equal((await post('/v1/files/initiate', { name: 'a', size: 5, mime })).status, 400, mime)
  }
})

test('a message that refers to what no file can be called is refused', async () => {
  const { body } = await post('/v1/conversations', { type: 'group', members: ['bob'] })
  for (const file_id of ['', ' ', 'é'.repeat(32), '\u0000']) {
    const payload = { type: 'file', file_id, name: 'a.txt', size: 5, mime: 'text/plain' }
    const message = { message_id: randomUUID(), conversation_id: body.conversation_id, payload }
    assert.equal((await post('/v1/messages', message)).status, 404, JSON.stringify(file_id))
    const batch = await post('/v2/messages', { messages: [message] })
    assert.deepEqual([batch.status, batch.body.results[0].code], [207, 'NOT_FOUND'])
  }
})

test('a file is posted by who may read it, and read by who is in the conversation', async () => {
  const { body: conversation } = await post('/v1/conversations', { type: 'group', members: ['bob'] })
  const id = await uploaded()
  const message = (token: string) =>
    post(
      '/v1/messages',
      {
        message_id: randomUUID(),
        conversation_id: conversation.conversation_id,
        payload: { type: 'file', file_id: id, name: 'a.txt', size: 5, mime: 'text/plain' },
      },
      token,
    )
  const bob = await fixture.token('bob')
  assert.equal((await message(bob)).status, 404)
  assert.equal((await message(ann)).status, 202)
  assert.equal((await message(bob)).status, 202)
  const read = await fixture.call('GET', `/v1/files/${id}`, { token: bob })
  assert.deepEqual(
    { ...read.body, created: 0 },
    {
      file_id: id,
      state: 'ready',
      name: 'a.txt',
      mime: 'text/plain',
      size: 5,
      part_size: 8_388_608,
      owner: 'ann',
      created: 0,
      checksum: CHECKSUM,
      parts: [CHECKSUM],
    },
  )
  const { headers } = await fixture.call('GET', `/v1/files/${id}/content`, { token: bob })
  assert.equal((await fixture.fileWorld.fetch(headers.get('location')!))?.toString(), 'hello')
})

test('bytes that the user has there already are not asked for', async () => {
  const carl = await fixture.token('carl')
  const [first, hint] = [await uploaded(carl), await post('/v1/files/initiate', { name: 'b', size: 5 }, carl)]
  assert.equal(hint.body.same_size, true)
  const again = await post('/v1/files/initiate', { name: 'b', size: 5, checksum: `sha256:${CHECKSUM}` }, carl)
  assert.deepEqual([again.status, again.body.state, again.body.upload_url], [201, 'ready', null])
  assert.notEqual(again.body.file_id, first)
})
