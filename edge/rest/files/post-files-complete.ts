import { completeFileBody, fileAnswer } from '@chat4all/protocol/rest'
import type { Sha256 } from '@chat4all/storage'
import { endpoint } from '../endpoint.js'
import { callerOf, fileIdOf, fileJson, filesOf } from './file-json.js'

export const postFilesComplete = endpoint({
  method: 'post',
  path: '/v1/files/complete',
  name: 'completeFile',
  tag: 'Files',
  summary: 'Complete an upload',
  description:
    'Every part has to be there. The stored bytes are then compared with the checksum: small files are `ready` in the ' +
    'answer, larger ones `verifying`; GET /v1/files/{file_id} tells when they are. May be repeated. Where ' +
    'they differ it is `failed`, and `reason` says where: if the checksum was wrong and the bytes are right, complete ' +
    'it again with the right one within a day; nothing is sent again.',
  access: 'token',
  body: completeFileBody,
  answers: { 200: { description: 'The file as it is now.', schema: fileAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, body }, services) {
    const files = filesOf(services)
    const file = await files.complete(
      callerOf(identity),
      fileIdOf(body),
      body.checksum as Sha256,
      body.parts as Sha256[] | undefined,
    )
    return { status: 200, body: fileJson(file, await files.content(file)) }
  },
})
