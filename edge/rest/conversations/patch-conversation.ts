import type { ConversationId } from '@chat4all/protocol'
import { changeConversationBody, conversationAnswer, conversationParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { changeConversation } from './change-conversation.js'
import { conversationJson } from './conversation-json.js'

export const patchConversation = endpoint({
  method: 'patch',
  path: '/v1/conversations/{conversation_id}',
  name: 'changeConversation',
  tag: 'Conversations',
  summary: 'Change the labels of a conversation',
  description:
    'Admins of a group, both members of a private conversation, and service tokens may. The change is a message of the ' +
    'conversation, so everyone learns of it in order.',
  access: 'token',
  params: conversationParams,
  body: changeConversationBody,
  answers: { 200: { description: 'The conversation as it is now.', schema: conversationAnswer } },
  refusals: ['FORBIDDEN', 'NOT_FOUND'],
  async handle({ identity, params, body }, services) {
    const { conversation_id } = params
    await changeConversation(services, identity, conversation_id, { metadata: body.metadata })
    const info = await services.requests.inspect({
      t: 'inspect',
      app: identity.app,
      conversation: conversation_id as ConversationId,
      ...(identity.user !== undefined && { user: identity.user }),
    })
    return { status: 200, body: conversationJson(info), about: params }
  },
})
