import type { ConversationInfo } from '@chat4all/protocol'
import { type ConversationListAnswer, conversationListAnswer, listConversationsQuery } from '@chat4all/protocol/rest'
import { actingUser } from '../admission/acting-user.js'
import { endpoint } from '../endpoint.js'
import { InvalidRequest } from '../http/invalid-request.js'
import { nextLink } from '../http/next-link.js'
import { conversationJson } from './conversation-json.js'

const CONVERSATIONS_UNLESS_TOLD = 100

export const getConversations = endpoint({
  method: 'get',
  path: '/v1/conversations',
  name: 'listConversations',
  tag: 'Conversations',
  summary: 'List a user’s conversations, the latest active first',
  description:
    'A conversation that becomes active while a client pages moves to the front: it may be missed by that walk, and is ' +
    'found by a new one.',
  access: 'token',
  query: listConversationsQuery,
  answers: {
    200: {
      description: 'A page of conversations.',
      schema: conversationListAnswer,
      headers: { Link: 'The next page, rel="next".' },
    },
  },
  refusals: ['FORBIDDEN'],
  async handle({ identity, query }, { requests }) {
    const { limit = CONVERSATIONS_UNLESS_TOLD, cursor } = query
    const user = actingUser(identity, query.user, 'user')
    const all = (await requests.conversationsOf(identity.app, user)).sort((a, b) => order(placeOf(a), placeOf(b)))
    const from = cursor === undefined ? undefined : decodeCursor(cursor)
    const rest = from === undefined ? all : all.filter((info) => order(from, placeOf(info)) < 0)
    const page = rest.slice(0, limit)
    const last = page.at(-1)
    const { body, headers } = nextLink(
      '/v1/conversations',
      last === undefined || page.length === rest.length
        ? undefined
        : { ...(query.user !== undefined && { user }), limit, cursor: encodeCursor(placeOf(last)) },
    )
    const answer: ConversationListAnswer = { conversations: page.map(conversationJson), ...body }
    return { status: 200, body: answer, headers }
  },
})

/** Where a conversation stands in the list: the latest active first. */
interface Place {
  readonly active: number
  readonly conversation: string
}

function placeOf({ conversation, created, last }: ConversationInfo): Place {
  return { active: last?.time ?? created, conversation }
}

function order(a: Place, b: Place): number {
  if (a.active !== b.active) return b.active - a.active
  return a.conversation < b.conversation ? -1 : a.conversation > b.conversation ? 1 : 0
}

function encodeCursor({ active, conversation }: Place): string {
  return `${active.toString(36)}.${conversation}`
}

function decodeCursor(cursor: string): Place {
  const match = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{1,64})$/.exec(cursor)
  if (match === null) throw new InvalidRequest([{ path: 'cursor', message: 'Not a cursor from `next` of a page.' }])
  return { active: Number.parseInt(match[1]!, 36), conversation: match[2]! }
}
