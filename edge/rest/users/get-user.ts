import { Chat4AllError } from '@chat4all/protocol'
import { userAnswer, userParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { userIdOf, userJson } from './user-json.js'

export const getUser = endpoint({
  method: 'get',
  path: '/v1/users/{user_id}',
  name: 'getUser',
  tag: 'Users',
  summary: 'Read a user’s profile',
  description: 'Profiles are what the users of an app may see of each other.',
  access: 'token',
  params: userParams,
  answers: { 200: { description: 'The user.', schema: userAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, { users }) {
    const user = await users.get(identity.app, userIdOf(params))
    if (user === undefined) throw new Chat4AllError('NOT_FOUND', `${params.user_id} has no profile.`)
    return { status: 200, body: userJson(user) }
  },
})
