import { type IdentityListAnswer, identityListAnswer, userParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { ownOrService } from './own-or-service.js'
import { identityJson, userIdOf } from './user-json.js'

export const getUserIdentities = endpoint({
  method: 'get',
  path: '/v1/users/{user_id}/identities',
  name: 'listIdentities',
  tag: 'Users',
  summary: 'List a user’s addresses on channels',
  access: 'token',
  params: userParams,
  answers: { 200: { description: 'All of them; none for a user without a profile.', schema: identityListAnswer } },
  refusals: ['FORBIDDEN'],
  async handle({ identity, params }, { users }) {
    ownOrService(identity, params.user_id)
    const found = await users.identities.of(identity.app, userIdOf(params))
    const answer: IdentityListAnswer = { identities: found.map(identityJson) }
    return { status: 200, body: answer }
  },
})
