import { erasureAnswer, userParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { erasureJson } from './erasure-json.js'
import { userIdOf } from './user-json.js'

export const deleteUser = endpoint({
  method: 'delete',
  path: '/v1/users/{user_id}',
  name: 'deleteUser',
  tag: 'Users',
  summary: 'Erase what is kept of a user',
  description:
    'What the user said is emptied in every conversation that it is or was in, it leaves the groups, and its identities ' +
    'and its profile go. This takes a while: the answer names a job to look at. Seqs, times and the user id in changes ' +
    'of members stay. Tokens of the user stay good until they end: do not give it any more.',
  access: 'service',
  params: userParams,
  answers: {
    202: {
      description: 'It is begun, and goes on until it is done.',
      schema: erasureAnswer,
      headers: { Location: 'Address of the job.' },
    },
  },
  refusals: [],
  async handle({ identity, params }, { userErasures }) {
    const job = await userErasures.begin(identity.app, userIdOf(params))
    return { status: 202, body: erasureJson(job), headers: { location: `/v1/erasures/${job.id}` } }
  },
})
