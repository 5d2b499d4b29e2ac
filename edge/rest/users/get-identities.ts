import { Chat4AllError } from '@chat4all/protocol'
import { findIdentityQuery, identityAnswer } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { identityJson } from './user-json.js'

export const getIdentities = endpoint({
  method: 'get',
  path: '/v1/identities',
  name: 'findIdentity',
  tag: 'Users',
  summary: 'Find which user an address on a channel is',
  access: 'service',
  query: findIdentityQuery,
  answers: { 200: { description: 'The identity.', schema: identityAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, query }, { users }) {
    const found = await users.identities.find(identity.app, query)
    if (found === undefined) throw new Chat4AllError('NOT_FOUND', `${query.address} on ${query.channel} is nobody.`)
    return { status: 200, body: identityJson(found) }
  },
})
