import { fileParams, type PartsAnswer, partsAnswer } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { callerOf, fileIdOf, filesOf, layoutJson, stateOf } from './file-json.js'

export const getFileParts = endpoint({
  method: 'get',
  path: '/v1/files/{file_id}/parts',
  name: 'getFileParts',
  tag: 'Files',
  summary: 'Read which parts of an upload are there',
  description: 'For whoever uploads it: to go on after a break, at any edge.',
  access: 'token',
  params: fileParams,
  answers: { 200: { description: 'The parts that are there.', schema: partsAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, services) {
    const files = filesOf(services)
    const { file, parts } = await files.parts(callerOf(identity), fileIdOf(params))
    const answer: PartsAnswer = {
      file_id: file.id,
      state: stateOf(file),
      ...layoutJson(file),
      parts: parts.map(({ part, bytes }) => ({ part_number: part, size: bytes })),
    }
    return { status: 200, body: answer }
  },
})
