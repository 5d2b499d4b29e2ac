import {
  type Answer,
  type ConversationId,
  joinStates,
  MESSAGE_STATES,
  type MessageId,
  messageIdToBytes,
  type StateTimes,
  stateOf,
  stateOfAll,
} from '@chat4all/protocol'
import {
  type MessageStatusAnswer,
  messageJson,
  messageParams,
  messageQuery,
  messageStatusAnswer,
} from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'

/** The channel of the platform's own devices. */
const OWN_CHANNEL = 'chat4all'

export const getMessage = endpoint({
  method: 'get',
  path: '/v1/messages/{message_id}',
  name: 'getMessage',
  tag: 'Messages',
  summary: 'Read a message, who has it and since when',
  description:
    'SENT, DELIVERED, READ and FAILED with their times, for each other member and channel. Reports that come twice, late ' +
    'or in another order change nothing: of all of them the same state is made.',
  access: 'token',
  params: messageParams,
  query: messageQuery,
  answers: { 200: { description: 'The message and its states.', schema: messageStatusAnswer } },
  refusals: ['NOT_FOUND'],
  async handle({ identity, params, query }, { requests }) {
    const conversation = query.conversation_id as ConversationId
    const found = await requests.status({
      t: 'status',
      app: identity.app,
      conversation,
      message_id: messageIdToBytes(params.message_id as MessageId),
      ...(identity.user !== undefined && { user: identity.user }),
    })
    return {
      status: 200,
      body: statusJson(conversation, found),
      about: { message_id: params.message_id, conversation_id: conversation },
    }
  },
})

function statusJson(
  conversation: ConversationId,
  { message, receipts }: Extract<Answer, { type: 'status' }>,
): MessageStatusAnswer {
  const times = (receipts ?? []).map(({ delivered, read }) =>
    joinStates({ sent: message.time }, statesOf(delivered, read)),
  )
  return {
    ...messageJson(conversation, message),
    status: stateOfAll(times),
    ...(receipts !== undefined && {
      receipts: receipts.map(({ user }, i) => ({
        user,
        channel: OWN_CHANNEL,
        status: stateOf(times[i]!) ?? 'sent',
        history: MESSAGE_STATES.flatMap((status) => {
          const time = times[i]![status]
          // 0: since when is not known.
          return time === undefined || time === 0 ? [] : [{ status, time }]
        }).sort((a, b) => a.time - b.time),
      })),
    }),
  }
}

/** What was read was delivered, if not before then at that moment. */
function statesOf(delivered: number | undefined, read: number | undefined): StateTimes {
  const at = delivered ?? read
  return { ...(at !== undefined && { delivered: at }), ...(read !== undefined && { read }) }
}
