import { fileParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { callerOf, fileIdOf, filesOf } from './file-json.js'

export const deleteFile = endpoint({
  method: 'delete',
  path: '/v1/files/{file_id}',
  name: 'deleteFile',
  tag: 'Files',
  summary: 'Remove a file, or drop an upload',
  description: 'For its owner. Messages that refer to it stay, and lead nowhere.',
  access: 'token',
  params: fileParams,
  answers: { 204: { description: 'It is gone for everybody.' } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, services) {
    const files = filesOf(services)
    await files.remove(callerOf(identity), fileIdOf(params))
    return { status: 204 }
  },
})
