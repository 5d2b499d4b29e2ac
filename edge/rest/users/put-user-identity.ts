import { Chat4AllError, type Millis } from '@chat4all/protocol'
import { identityAnswer, identityParams } from '@chat4all/protocol/rest'
import { IDENTITIES_PER_USER_MAX, type StoredIdentity } from '@chat4all/storage'
import { endpoint } from '../endpoint.js'
import { identityJson, userIdOf } from './user-json.js'

export const putUserIdentity = endpoint({
  method: 'put',
  path: '/v1/users/{user_id}/identities/{channel}/{address}',
  name: 'addIdentity',
  tag: 'Users',
  summary: 'Say that an address on a channel is this user',
  description:
    `An address is one user of the app; a user has up to ${IDENTITIES_PER_USER_MAX}. Whether it really is this user’s, ` +
    'the app has to find out before: so this needs a service token.',
  access: 'service',
  params: identityParams,
  answers: {
    201: { description: 'Added.', schema: identityAnswer },
    200: { description: 'It was so before.', schema: identityAnswer },
  },
  refusals: ['NOT_FOUND', 'CONFLICT'],
  async handle({ identity, params }, { users, now }) {
    const { channel, address } = params
    const wanted: StoredIdentity = {
      app: identity.app,
      user: userIdOf(params),
      channel,
      address,
      created: now() as Millis,
    }
    const outcome = await users.identities.add(wanted)
    switch (outcome) {
      case 'added':
        return { status: 201, body: identityJson(wanted) }
      case 'existed':
        return { status: 200, body: identityJson((await users.identities.find(wanted.app, wanted)) ?? wanted) }
      case 'taken':
        throw new Chat4AllError('CONFLICT', `${address} on ${channel} is another user.`)
      case 'no user':
        throw new Chat4AllError('NOT_FOUND', `${params.user_id} has no profile: create it with POST /v1/users.`)
      case 'too many':
        throw new Chat4AllError('INVALID', `A user has at most ${IDENTITIES_PER_USER_MAX} identities.`)
    }
  },
})
