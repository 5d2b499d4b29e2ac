import { type AcceptedAnswer, acceptedAnswer, postMessageBody } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { postMessage } from './post-message.js'

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
  async handle({ identity, body, trace }, services) {
    const { message_id, conversation_id } = body
    const { seq, time } = await postMessage(body, { identity, trace }, services)
    const answer: AcceptedAnswer = { status: 'accepted', message_id, conversation_id, seq, time }
    return { status: 202, body: answer, about: { message_id, conversation_id } }
  },
})
