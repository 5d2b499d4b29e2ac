import { Chat4AllError, type ConversationId, type MessageId, messageIdToBytes, type UserId } from '@chat4all/protocol'
import { type AcceptedAnswer, acceptedAnswer, postMessageBody } from '@chat4all/protocol/rest'
import type { FileId } from '@chat4all/storage'
import { actingUser } from '../admission/acting-user.js'
import { endpoint } from '../endpoint.js'
import { checkFits, encodeExtras, encodePayload } from './encode-message.js'

export const postMessages = endpoint({
  method: 'post',
  path: '/v1/messages',
  name: 'postMessage',
  tag: 'Messages',
  summary: 'Post a message',
  description:
    'Answered when the message is stored. If no answer comes, or 429 or 503, send the same request again: a message_id ' +
    'gets one seq, however often it is sent.',
  access: 'token',
  body: postMessageBody,
  answers: {
    202: { description: 'Stored, now or by an earlier request with this message_id.', schema: acceptedAnswer },
  },
  refusals: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT'],
  async handle({ identity, body, trace }, { requests, files }) {
    const { message_id, conversation_id, to, channels, metadata, ttl } = body
    const payload = encodePayload(body.payload)
    const extras = encodeExtras({ to: to as UserId[] | undefined, channels, metadata })
    checkFits(payload, extras)
    const from = actingUser(identity, body.from, '/from')
    if (body.payload.type === 'file' && files !== undefined) {
      const { app, user } = identity
      const isTheirs = await files.post(
        { app, user },
        body.payload.file_id as FileId,
        conversation_id as ConversationId,
      )
      if (!isTheirs) throw new Chat4AllError('NOT_FOUND', `There is no file ${body.payload.file_id} to post.`)
    }
    const { seq, time } = await requests.post({
      t: 'post',
      app: identity.app,
      conversation: conversation_id as ConversationId,
      message_id: messageIdToBytes(message_id as MessageId),
      from,
      payload,
      ...(ttl !== undefined && { ttl }),
      ...(extras !== undefined && { extras }),
      ...(trace !== undefined && { trace }),
    })
    const answer: AcceptedAnswer = { status: 'accepted', message_id, conversation_id, seq, time }
    return { status: 202, body: answer, about: { message_id, conversation_id } }
  },
})
