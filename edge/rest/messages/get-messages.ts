import { type ConversationId, seq } from '@chat4all/protocol'
import { conversationParams, messageJson, type PageAnswer, pageAnswer, pageQuery } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { nextLink } from '../http/next-link.js'
import { messagesOf } from './messages-of-page.js'

const MESSAGES_UNLESS_TOLD = 50

export const getMessages = endpoint({
  method: 'get',
  path: '/v1/conversations/{conversation_id}/messages',
  name: 'listMessages',
  tag: 'Messages',
  summary: 'Read messages of a conversation, in order',
  description:
    'With `since`: what follows that seq, oldest first; keep `upto` and ask again with it to follow a conversation. ' +
    'Else the newest messages, or those below `before`; `next` leads towards older ones.',
  access: 'token',
  params: conversationParams,
  query: pageQuery,
  answers: {
    200: { description: 'A page of messages.', schema: pageAnswer, headers: { Link: 'The next page, rel="next".' } },
  },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params, query }, { requests }) {
    const { since, before, limit = MESSAGES_UNLESS_TOLD } = query
    const conversation = params.conversation_id as ConversationId
    const page = await requests.read({
      t: 'read',
      app: identity.app,
      conversation,
      ...(identity.user !== undefined && { user: identity.user }),
      ...(since !== undefined && { since: seq(since) }),
      ...(before !== undefined && { before: seq(before) }),
      limit,
    })
    // The owner reads upwards without an upper bound; with both bounds, the page is cut here.
    const end = since !== undefined && before !== undefined ? before - 1 : page.head
    const upto = Math.max(page.after, Math.min(page.upto, end))
    const messages = messagesOf(page.messages, page.count).filter((message) => message.seq <= upto)

    const more =
      since === undefined
        ? page.after >= page.first && { before: page.after + 1, limit }
        : upto < Math.min(page.head, end) && { since: upto, ...(before !== undefined && { before }), limit }
    const path = `/v1/conversations/${conversation}/messages`
    const { body: next, headers } = nextLink(path, more === false ? undefined : more)
    const answer: PageAnswer = {
      messages: messages.map((message) => messageJson(conversation, message)),
      after: page.after,
      upto,
      first_seq: page.first,
      head_seq: page.head,
      recovered: since === undefined || since >= page.first - 1,
      ...next,
    }
    return { status: 200, body: answer, headers, about: params }
  },
})
