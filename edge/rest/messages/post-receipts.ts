import { type ConversationId, seq } from '@chat4all/protocol'
import { conversationParams, receiptsBody } from '@chat4all/protocol/rest'
import { actingUser } from '../admission/acting-user.js'
import { endpoint } from '../endpoint.js'

export const postReceipts = endpoint({
  method: 'post',
  path: '/v1/conversations/{conversation_id}/receipts',
  name: 'markReceipts',
  tag: 'Messages',
  summary: 'Say how far a member has received and read',
  access: 'token',
  params: conversationParams,
  body: receiptsBody,
  answers: { 204: { description: 'The cursors stand at least there, or at the newest message.' } },
  refusals: ['FORBIDDEN', 'NOT_FOUND'],
  async handle({ identity, params, body }, { requests }) {
    const { delivered = 0, read = 0 } = body
    await requests.mark({
      t: 'mark',
      app: identity.app,
      conversation: params.conversation_id as ConversationId,
      user: actingUser(identity, body.user, '/user'),
      delivered: seq(Math.max(delivered, read)),
      read: seq(read),
    })
    return { status: 204, about: params }
  },
})
