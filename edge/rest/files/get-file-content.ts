import type { ConversationId } from '@chat4all/protocol'
import { type DownloadAnswer, downloadAnswer, downloadQuery, fileParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { callerOf, fileIdOf, filesOf } from './file-json.js'

export const getFileContent = endpoint({
  method: 'get',
  path: '/v1/files/{file_id}/content',
  name: 'downloadFile',
  tag: 'Files',
  summary: 'Download a file',
  description:
    'Leads to a presigned address, which is good for a quarter of an hour and takes Range. For the owner, and for ' +
    'members of conversations in which it was posted. Types that a browser could run are always sent as attachments.',
  access: 'token',
  params: fileParams,
  query: downloadQuery,
  answers: {
    200: { description: 'The address, where `redirect=false` asks for it.', schema: downloadAnswer },
    302: { description: 'The bytes are there.', headers: { Location: 'Presigned address of the bytes.' } },
  },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params, query }, services) {
    const files = filesOf(services)
    const { url, expires } = await files.download(callerOf(identity), fileIdOf(params), {
      disposition: query.disposition ?? 'attachment',
      conversation: query.conversation_id as ConversationId | undefined,
    })
    if (query.redirect !== 'false') return { status: 302, headers: { location: url } }
    const answer: DownloadAnswer = { url, expires }
    return { status: 200, body: answer }
  },
})
