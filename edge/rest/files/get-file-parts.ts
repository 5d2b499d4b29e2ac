import { fileParams, type PartsAnswer, partsAnswer } from '@chat4all/protocol/rest'
import type { StoredPart } from '@chat4all/storage'
import { endpoint } from '../endpoint.js'
import { callerOf, fileIdOf, filesOf, layoutJson, stateOf } from './file-json.js'

/** S3 names a part by the MD5 of its bytes, unless they are encrypted in some ways. */
const MD5 = /^[0-9a-f]{32}$/

function partJson({ part, bytes, etag }: StoredPart): PartsAnswer['parts'][number] {
  const md5 = etag.replaceAll('"', '').toLowerCase()
  return { part_number: part, size: bytes, ...(MD5.test(md5) && { md5 }) }
}

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
      parts: parts.map(partJson),
    }
    return { status: 200, body: answer }
  },
})
