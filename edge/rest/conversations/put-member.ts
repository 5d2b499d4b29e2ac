import type { UserId } from '@chat4all/protocol'
import { memberParams, putMemberBody } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { changeConversation } from './change-conversation.js'

export const putMember = endpoint({
  method: 'put',
  path: '/v1/conversations/{conversation_id}/members/{user_id}',
  name: 'putMember',
  tag: 'Conversations',
  summary: 'Make a user a member of a group, with this role',
  description: 'Who is one already gets the role. Admins of the group and service tokens may.',
  access: 'token',
  params: memberParams,
  body: putMemberBody,
  answers: { 204: { description: 'The user is a member, with this role.' } },
  refusals: ['FORBIDDEN', 'NOT_FOUND'],
  async handle({ identity, params, body }, services) {
    const { conversation_id, user_id } = params
    const user = user_id as UserId
    const role = body.role === 'admin' ? { promote: [user] } : { demote: [user] }
    await changeConversation(services, identity, conversation_id, { add: [user], ...role })
    return { status: 204, about: { conversation_id } }
  },
})
