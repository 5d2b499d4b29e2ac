import type { ConversationId } from '@chat4all/protocol'
import { fileAnswer, fileParams, fileQuery } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { callerOf, fileIdOf, fileJson, filesOf } from './file-json.js'

export const getFile = endpoint({
  method: 'get',
  path: '/v1/files/{file_id}',
  name: 'getFile',
  tag: 'Files',
  summary: 'Read what is known of a file',
  description: 'For its owner, and for members of conversations in which it was posted.',
  access: 'token',
  params: fileParams,
  query: fileQuery,
  answers: { 200: { description: 'The file.', schema: fileAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params, query }, services) {
    const files = filesOf(services)
    const file = await files.get(
      callerOf(identity),
      fileIdOf(params),
      query.conversation_id as ConversationId | undefined,
    )
    return { status: 200, body: fileJson(file, await files.content(file)) }
  },
})
