import { Chat4AllError, type Millis } from '@chat4all/protocol'
import { changeUserBody, userAnswer, userParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { ownOrService } from './own-or-service.js'
import { userIdOf, userJson } from './user-json.js'

export const patchUser = endpoint({
  method: 'patch',
  path: '/v1/users/{user_id}',
  name: 'changeUser',
  tag: 'Users',
  summary: 'Change a user’s profile',
  access: 'token',
  params: userParams,
  body: changeUserBody,
  answers: { 200: { description: 'The user as it is now.', schema: userAnswer } },
  refusals: ['FORBIDDEN', 'NOT_FOUND'],
  async handle({ identity, params, body }, { users, now }) {
    ownOrService(identity, params.user_id)
    const { name, avatar_url, metadata } = body
    const user = await users.update(identity.app, userIdOf(params), (stored) => ({
      ...stored,
      ...(name !== undefined && { name: name ?? undefined }),
      ...(avatar_url !== undefined && { avatarUrl: avatar_url ?? undefined }),
      ...(metadata !== undefined && { metadata }),
      // Clocks of edges differ: the time of a change is never before the one of an earlier one.
      updated: Math.max(now(), stored.updated) as Millis,
    }))
    if (user === undefined) throw new Chat4AllError('NOT_FOUND', `${params.user_id} has no profile.`)
    return { status: 200, body: userJson(user) }
  },
})
