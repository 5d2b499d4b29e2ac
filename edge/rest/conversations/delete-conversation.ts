import { conversationParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { changeConversation } from './change-conversation.js'

export const deleteConversation = endpoint({
  method: 'delete',
  path: '/v1/conversations/{conversation_id}',
  name: 'deleteConversation',
  tag: 'Conversations',
  summary: 'Erase a conversation',
  description:
    'All that was said, the labels and the receipts go, and nobody is a member any more; sessions are told. From then on ' +
    'it is answered as if it had never been. Files that were posted there are not removed: DELETE /v1/files/{file_id}.',
  access: 'service',
  params: conversationParams,
  answers: { 204: { description: 'Nobody can read it any more.' } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, services) {
    await changeConversation(services, identity, params.conversation_id, { erase: true })
    return { status: 204, about: params }
  },
})
