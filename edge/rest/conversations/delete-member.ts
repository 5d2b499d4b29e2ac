import type { UserId } from '@chat4all/protocol'
import { memberParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { changeConversation } from './change-conversation.js'

export const deleteMember = endpoint({
  method: 'delete',
  path: '/v1/conversations/{conversation_id}/members/{user_id}',
  name: 'removeMember',
  tag: 'Conversations',
  summary: 'Remove a user from a group',
  description: 'Admins of the group and service tokens may; everyone may remove itself.',
  access: 'token',
  params: memberParams,
  answers: { 204: { description: 'The user is no member.' } },
  refusals: ['FORBIDDEN', 'NOT_FOUND'],
  async handle({ identity, params }, services) {
    const { conversation_id, user_id } = params
    await changeConversation(services, identity, conversation_id, { remove: [user_id as UserId] })
    return { status: 204, about: { conversation_id } }
  },
})
