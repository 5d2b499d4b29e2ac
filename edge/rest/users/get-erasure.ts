import { Chat4AllError } from '@chat4all/protocol'
import { erasureAnswer, erasureParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { erasureJson } from './erasure-json.js'

export const getErasure = endpoint({
  method: 'get',
  path: '/v1/erasures/{erasure_id}',
  name: 'getErasure',
  tag: 'Users',
  summary: 'Look how far the erasure of a user is',
  description: 'Kept for 30 days after it is done.',
  access: 'service',
  params: erasureParams,
  answers: { 200: { description: 'The job.', schema: erasureAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, { userErasures }) {
    const job = await userErasures.get(identity.app, params.erasure_id)
    if (job === undefined) throw new Chat4AllError('NOT_FOUND', `There is no erasure ${params.erasure_id}.`)
    return { status: 200, body: erasureJson(job) }
  },
})
