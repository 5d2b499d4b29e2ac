import type { ConversationId } from '@chat4all/protocol'
import { conversationAnswer, conversationParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { conversationJson } from './conversation-json.js'

export const getConversation = endpoint({
  method: 'get',
  path: '/v1/conversations/{conversation_id}',
  name: 'getConversation',
  tag: 'Conversations',
  summary: 'Read a conversation',
  access: 'token',
  params: conversationParams,
  answers: { 200: { description: 'The conversation.', schema: conversationAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params }, { requests }) {
    const info = await requests.inspect({
      t: 'inspect',
      app: identity.app,
      conversation: params.conversation_id as ConversationId,
      ...(identity.user !== undefined && { user: identity.user }),
    })
    return { status: 200, body: conversationJson(info), about: params }
  },
})
