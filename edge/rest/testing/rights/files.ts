import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { type Rows, rights, type World } from './row.js'

const BYTES = Buffer.from('hello')
const CHECKSUM = createHash('sha256').update(BYTES).digest('hex')

async function uploading({ fixture, tokens }: World): Promise<{ file_id: string }> {
  const json = { name: 'a.txt', size: BYTES.length }
  const { body } = await fixture.call('POST', '/v1/files/initiate', { token: tokens.admin!, json })
  await fixture.fileWorld.put(body.upload_url, BYTES)
  return { file_id: body.file_id }
}

/** A file that `admin` uploaded and posted in the conversation. */
async function posted(world: World): Promise<{ file_id: string }> {
  const { file_id } = await uploading(world)
  const post = (path: string, json: unknown) => world.fixture.call('POST', path, { token: world.tokens.admin!, json })
  await post('/v1/files/complete', { file_id, checksum: CHECKSUM })
  const payload = { type: 'file', file_id, name: 'a.txt', size: BYTES.length, mime: 'text/plain' }
  const message = { message_id: randomUUID(), conversation_id: world.conversation, payload }
  assert.equal((await post('/v1/messages', message)).status, 202)
  return { file_id }
}

const OWNER = { admin: 200, service: 200 }

export const fileRights: Rows = {
  'post /v1/files/initiate': { body: () => ({ name: 'a.txt', size: 5 }), expected: rights(201, {}) },
  // An upload is its owner's alone: not even of those who may read the file.
  'get /v1/files/{file_id}/parts': { make: posted, expected: rights(404, OWNER) },
  'post /v1/files/{file_id}/parts': {
    make: uploading,
    body: () => ({ part_numbers: [1] }),
    expected: rights(404, OWNER),
  },
  'post /v1/files/complete': {
    make: uploading,
    body: ({ made }) => ({ file_id: made.file_id, checksum: CHECKSUM }),
    expected: rights(404, OWNER),
  },
  'get /v1/files/{file_id}': { make: posted, expected: rights(404, { ...OWNER, member: 200 }) },
  'get /v1/files/{file_id}/content': { make: posted, expected: rights(404, { member: 302, admin: 302, service: 302 }) },
  'delete /v1/files/{file_id}': { make: posted, expected: rights(404, { admin: 204, service: 204 }) },
}
