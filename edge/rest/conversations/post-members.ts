import { type ConversationId, type MessageId, messageIdToBytes, type UserId } from '@chat4all/protocol'
import { type AcceptedAnswer, acceptedAnswer, changeMembersBody, conversationParams } from '@chat4all/protocol/rest'
import { actingUser } from '../admission/acting-user.js'
import { endpoint } from '../endpoint.js'
import { InvalidRequest } from '../http/invalid-request.js'

export const postMembers = endpoint({
  method: 'post',
  path: '/v1/conversations/{conversation_id}/members',
  name: 'changeMembers',
  tag: 'Conversations',
  summary: 'Add and remove members of a group',
  description:
    'Admins of the group and service tokens may add and remove; every member may remove itself. The change is a message ' +
    'of the conversation and has a seq.',
  access: 'token',
  params: conversationParams,
  body: changeMembersBody,
  takesIdempotencyKey: true,
  answers: { 200: { description: 'The members are changed.', schema: acceptedAnswer } },
  refusals: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT'],
  async handle({ identity, params, body, onceId }, { requests, ids }) {
    const { conversation_id } = params
    const { add = [], remove = [] } = body
    const both = add.find((user) => remove.includes(user))
    if (both !== undefined) {
      throw new InvalidRequest([{ path: '/remove', message: `${both} is to be added and removed at once.` }])
    }
    const isService = identity.user === undefined
    const message_id = body.message_id ?? onceId ?? ids.newMessageId()
    const { seq, time } = await requests.change({
      t: 'change',
      app: identity.app,
      conversation: conversation_id as ConversationId,
      message_id: messageIdToBytes(message_id as MessageId),
      // A service that names nobody writes under its own name: every client_id has the form of a user id.
      by: actingUser(identity, isService ? (body.from ?? identity.app) : body.from, '/from'),
      service: isService,
      add: add as UserId[],
      remove: remove as UserId[],
    })
    const answer: AcceptedAnswer = { status: 'accepted', message_id, conversation_id, seq, time }
    return { status: 200, body: answer, about: { message_id, conversation_id } }
  },
})
