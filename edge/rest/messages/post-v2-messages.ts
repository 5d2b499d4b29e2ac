import { Chat4AllError, ERRORS } from '@chat4all/protocol'
import { type MessageOutcome, type MessagesAnswer, messagesAnswer, postMessagesBody } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import type { RestServices } from '../services.js'
import { type MessageToPost, type Poster, postMessage } from './post-message.js'

const RETRY_MS_UNLESS_TOLD = 1000

export const postV2Messages = endpoint({
  method: 'post',
  path: '/v2/messages',
  name: 'postMessages',
  tag: 'Messages',
  summary: 'Post a batch of messages, and learn of each what became of it',
  description:
    'What differs from v1: many messages in one request, and an outcome for each instead of one status for all. It counts ' +
    'for as many requests as it has messages. Sending it again, whole or the part that is not stored, is always safe: a ' +
    'message_id gets one seq, however often it is sent.',
  access: 'token',
  body: postMessagesBody,
  cost: ({ messages }) => messages.length,
  answers: {
    200: { description: 'All are stored.', schema: messagesAnswer },
    207: { description: 'Some are not: each says what became of it.', schema: messagesAnswer },
  },
  refusals: [],
  async handle({ identity, body: { messages }, trace }, services) {
    const results: MessageOutcome[] = new Array(messages.length)
    await Promise.all(
      [...byConversation(messages)].map((numbers) =>
        inOrder(numbers, messages, results, { identity, trace }, services),
      ),
    )
    const answer: MessagesAnswer = { results }
    const conversations = new Set(messages.map(({ conversation_id }) => conversation_id))
    const [conversation_id] = conversations
    return {
      status: results.every(({ outcome }) => outcome === 'stored') ? 200 : 207,
      body: answer,
      ...(conversations.size === 1 && { about: { conversation_id: conversation_id! } }),
    }
  },
})

/** The messages' places in the request, conversation by conversation. */
function byConversation(messages: readonly MessageToPost[]): Iterable<readonly number[]> {
  const places = new Map<string, number[]>()
  for (const [i, { conversation_id }] of messages.entries()) {
    const some = places.get(conversation_id) ?? []
    some.push(i)
    places.set(conversation_id, some)
  }
  return places.values()
}

/** One after the other, so that none overtakes one that is to be sent again. */
async function inOrder(
  places: readonly number[],
  messages: readonly MessageToPost[],
  results: MessageOutcome[],
  poster: Poster,
  services: RestServices,
): Promise<void> {
  let mayFollow = true
  for (const place of places) {
    const message = messages[place]!
    results[place] = mayFollow
      ? await outcomeOf(message, poster, services)
      : { outcome: 'not_tried', ...idsOf(message) }
    const result = results[place]
    if (result.outcome === 'refused' && result.retry !== 'never') mayFollow = false
  }
}

async function outcomeOf(message: MessageToPost, poster: Poster, services: RestServices): Promise<MessageOutcome> {
  try {
    const { seq, time } = await postMessage(message, poster, services)
    return { outcome: 'stored', ...idsOf(message), seq, time }
  } catch (error) {
    // A bug ends the whole request: it is logged there, and the client sends all of it again.
    if (!(error instanceof Chat4AllError)) throw error
    const { code, detail } = error
    const { retry } = ERRORS[code]
    const retryAfter = retry === 'after' ? { retry_after: error.retryAfter ?? RETRY_MS_UNLESS_TOLD } : {}
    return { outcome: 'refused', ...idsOf(message), code, detail, retry, ...retryAfter }
  }
}

function idsOf({ message_id, conversation_id }: MessageToPost): { message_id: string; conversation_id: string } {
  return { message_id, conversation_id }
}
