import { Chat4AllError, type Millis, type UserId } from '@chat4all/protocol'
import { createUserBody, userAnswer } from '@chat4all/protocol/rest'
import type { StoredUser } from '@chat4all/storage'
import { endpoint } from '../endpoint.js'
import { userJson } from './user-json.js'

export const postUsers = endpoint({
  method: 'post',
  path: '/v1/users',
  name: 'createUser',
  tag: 'Users',
  summary: 'Give a user a profile',
  description:
    'A user needs no profile to talk: its id is enough. One is needed for a name, a picture, and identities on channels. ' +
    'The same request again answers 200.',
  access: 'service',
  body: createUserBody,
  answers: {
    201: { description: 'Created.', schema: userAnswer, headers: { Location: 'Address of the user.' } },
    200: { description: 'It existed, with the same content.', schema: userAnswer },
  },
  refusals: ['CONFLICT'],
  async handle({ identity, body }, { users, now }) {
    const time = now() as Millis
    const user: StoredUser = {
      app: identity.app,
      id: body.user_id as UserId,
      name: body.name,
      avatarUrl: body.avatar_url,
      metadata: body.metadata ?? {},
      created: time,
      updated: time,
    }
    if (await users.create(user)) {
      return {
        status: 201,
        body: userJson(user),
        headers: { location: `/v1/users/${encodeURIComponent(user.id)}` },
      }
    }
    const existing = await users.get(user.app, user.id)
    if (existing !== undefined && isSame(existing, user)) return { status: 200, body: userJson(existing) }
    throw new Chat4AllError('CONFLICT', `The user ${user.id} exists with other content: change it with PATCH.`)
  },
})

function isSame(a: StoredUser, b: StoredUser): boolean {
  const content = ({ name, avatarUrl, metadata }: StoredUser) =>
    JSON.stringify([name, avatarUrl, Object.entries(metadata).sort(([x], [y]) => (x < y ? -1 : 1))])
  return content(a) === content(b)
}
