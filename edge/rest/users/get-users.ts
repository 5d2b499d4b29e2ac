import type { UserId } from '@chat4all/protocol'
import { listUsersQuery, type UserListAnswer, userListAnswer } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { nextLink } from '../http/next-link.js'
import { userJson } from './user-json.js'

const USERS_UNLESS_TOLD = 100

export const getUsers = endpoint({
  method: 'get',
  path: '/v1/users',
  name: 'listUsers',
  tag: 'Users',
  summary: 'List users that have a profile',
  access: 'service',
  query: listUsersQuery,
  answers: {
    200: { description: 'A page of users.', schema: userListAnswer, headers: { Link: 'The next page, rel="next".' } },
  },
  refusals: [],
  async handle({ identity, query }, { users }) {
    const { limit = USERS_UNLESS_TOLD, cursor } = query
    const page = await users.list(identity.app, { limit, ...(cursor !== undefined && { after: cursor as UserId }) })
    const last = page.length < limit ? undefined : page.at(-1)
    const { body, headers } = nextLink('/v1/users', last && { limit, cursor: last.id })
    const answer: UserListAnswer = { users: page.map(userJson), ...body }
    return { status: 200, body: answer, headers }
  },
})
