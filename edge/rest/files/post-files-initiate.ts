import { type InitiatedAnswer, initiatedAnswer, initiateFileBody } from '@chat4all/protocol/rest'
import type { Sha256 } from '@chat4all/storage'
import { partCount } from '@chat4all/storage'
import { actingUser } from '../admission/acting-user.js'
import { endpoint } from '../endpoint.js'
import { callerOf, filesOf, layoutJson, partUrlJson, stateOf } from './file-json.js'

/** So many addresses come with the first answer: most files need no more. */
const FIRST_URLS = 16

export const postFilesInitiate = endpoint({
  method: 'post',
  path: '/v1/files/initiate',
  name: 'initiateFile',
  tag: 'Files',
  summary: 'Begin an upload',
  description:
    'Then PUT each part to its presigned address, in any order and in parallel, and complete the upload. After a break ' +
    'GET …/parts tells what is there. Bytes that the user uploaded before are not sent again if `checksum` is given.',
  access: 'token',
  body: initiateFileBody,
  takesIdempotencyKey: true,
  answers: { 201: { description: 'The upload, or the ready file.', schema: initiatedAnswer } },
  refusals: ['FORBIDDEN'],
  async handle({ identity, body }, services) {
    const files = filesOf(services)
    const caller = callerOf(identity)
    const owner =
      identity.user === undefined && body.from === undefined ? undefined : actingUser(identity, body.from, '/from')
    const file = await files.initiate(caller, owner, {
      name: body.name,
      mime: body.mime ?? 'application/octet-stream',
      bytes: body.size,
      checksum: body.checksum as Sha256 | undefined,
    })
    const { state } = file
    const isNew = state.type === 'uploading'
    const first = Array.from({ length: Math.min(FIRST_URLS, partCount(file.layout)) }, (_, i) => i + 1)
    const parts = isNew ? await files.partUrls(caller, file.id, first) : []
    const answer: InitiatedAnswer = {
      file_id: file.id,
      state: stateOf(file),
      upload_url: parts[0]?.url ?? null,
      ...layoutJson(file),
      parts: parts.map(partUrlJson),
      same_size: isNew && body.checksum === undefined && (await files.hasSameSize(file)),
      ...(isNew && { expires: state.expires }),
    }
    return { status: 201, body: answer }
  },
})
