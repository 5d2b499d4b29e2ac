import { Chat4AllError } from '@chat4all/protocol'
import { identityParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { ownOrService } from './own-or-service.js'
import { userIdOf } from './user-json.js'

export const deleteUserIdentity = endpoint({
  method: 'delete',
  path: '/v1/users/{user_id}/identities/{channel}/{address}',
  name: 'removeIdentity',
  tag: 'Users',
  summary: 'Say that an address on a channel is this user no more',
  access: 'token',
  params: identityParams,
  answers: { 204: { description: 'It is nobody’s now.' } },
  refusals: ['FORBIDDEN', 'NOT_FOUND'],
  async handle({ identity, params }, { users }) {
    ownOrService(identity, params.user_id)
    if (await users.identities.remove(identity.app, userIdOf(params), params)) return { status: 204 }
    throw new Chat4AllError('NOT_FOUND', `${params.user_id} is not ${params.address} on ${params.channel}.`)
  },
})
