import type { ConversationId, UserId } from '@chat4all/protocol'
import { conversationParams, listMembersQuery, type MemberListAnswer, memberListAnswer } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { nextLink } from '../http/next-link.js'

const MEMBERS_UNLESS_TOLD = 100

export const getMembers = endpoint({
  method: 'get',
  path: '/v1/conversations/{conversation_id}/members',
  name: 'listMembers',
  tag: 'Conversations',
  summary: 'List the members of a conversation',
  access: 'token',
  params: conversationParams,
  query: listMembersQuery,
  answers: {
    200: {
      description: 'A page of members.',
      schema: memberListAnswer,
      headers: { Link: 'The next page, rel="next".' },
    },
  },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params, query }, { requests }) {
    const { limit = MEMBERS_UNLESS_TOLD, cursor } = query
    const { conversation_id } = params
    const { members, more } = await requests.roster({
      t: 'roster',
      app: identity.app,
      conversation: conversation_id as ConversationId,
      ...(identity.user !== undefined && { user: identity.user }),
      ...(cursor !== undefined && { after: cursor as UserId }),
      limit,
    })
    const last = more ? members.at(-1) : undefined
    const { body, headers } = nextLink(
      `/v1/conversations/${conversation_id}/members`,
      last && { limit, cursor: last.user },
    )
    const answer: MemberListAnswer = { members, ...body }
    return { status: 200, body: answer, headers, about: params }
  },
})
