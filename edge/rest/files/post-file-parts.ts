import { fileParams, type PartUrlsAnswer, partUrlsAnswer, partUrlsBody } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { callerOf, fileIdOf, filesOf, partUrlJson } from './file-json.js'

export const postFileParts = endpoint({
  method: 'post',
  path: '/v1/files/{file_id}/parts',
  name: 'createPartUrls',
  tag: 'Files',
  summary: 'Get addresses to put parts to',
  description: 'For parts that `initiate` gave no address for, and for those whose address has ended.',
  access: 'token',
  params: fileParams,
  body: partUrlsBody,
  answers: { 200: { description: 'An address for each.', schema: partUrlsAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params, body }, services) {
    const files = filesOf(services)
    const urls = await files.partUrls(callerOf(identity), fileIdOf(params), body.part_numbers)
    const answer: PartUrlsAnswer = { file_id: params.file_id, parts: urls.map(partUrlJson) }
    return { status: 200, body: answer }
  },
})
