import { MEMBERS_CHANGED_MAX, type MessageId, type UserId } from '@chat4all/protocol'
import { conversationAnswer, createConversationBody } from '@chat4all/protocol/rest'
import type { Identity } from '../../auth/port.js'
import { endpoint } from '../endpoint.js'
import { InvalidRequest } from '../http/invalid-request.js'
import { conversationJson } from './conversation-json.js'

export const postConversations = endpoint({
  method: 'post',
  path: '/v1/conversations',
  name: 'createConversation',
  tag: 'Conversations',
  summary: 'Create a group, or enter the private conversation of two users',
  description:
    'There is one private conversation of two users; whoever asks for it first creates it. A group is new with each ' +
    'request, unless it carries the message_id or the Idempotency-Key of an earlier one.',
  access: 'token',
  body: createConversationBody,
  takesIdempotencyKey: true,
  answers: {
    201: {
      description: 'Created.',
      schema: conversationAnswer,
      headers: { Location: 'Address of the conversation.' },
    },
    200: { description: 'It existed; nothing was changed.', schema: conversationAnswer },
  },
  refusals: ['NOT_FOUND'],
  async handle({ identity, body, onceId }, { requests, ids }) {
    const members = membersOf(identity, body.members)
    const admins = identity.user === undefined ? (body.admins ?? []) : [...(body.admins ?? []), identity.user]
    const isPrivate = body.type === 'private'
    if (isPrivate) checkPrivate(members, body.admins)
    else checkGroup(members, body.admins)
    const { info, created } = await requests.open({
      t: 'open',
      app: identity.app,
      conversation: isPrivate
        ? ids.privateConversationId(identity.app, members[0]!, members[1]!)
        : ids.groupConversationId(
            identity.app,
            identity.user,
            (body.message_id ?? onceId ?? ids.newMessageId()) as MessageId,
          ),
      type: body.type,
      members,
      admins: isPrivate ? [] : ([...new Set(admins)] as UserId[]),
      ...(identity.user !== undefined && { as: identity.user }),
      ...(body.metadata !== undefined && { metadata: body.metadata }),
      ...(body.ttl !== undefined && { ttl: body.ttl }),
    })
    return {
      status: created ? 201 : 200,
      body: conversationJson(info),
      headers: created ? { location: `/v1/conversations/${info.conversation}` } : {},
      about: { conversation_id: info.conversation },
    }
  },
})

function membersOf(identity: Identity, named: readonly string[]): UserId[] {
  const members = new Set(named as UserId[])
  if (identity.user !== undefined) members.add(identity.user)
  return [...members]
}

function checkPrivate(members: readonly UserId[], admins: readonly string[] | undefined): void {
  if (members.length !== 2) {
    const message = `A private conversation has exactly two different members, here are ${members.length}.`
    throw new InvalidRequest([{ path: '/members', message }])
  }
  if (admins !== undefined && admins.length > 0) {
    throw new InvalidRequest([{ path: '/admins', message: 'A private conversation has no admins.' }])
  }
}

function checkGroup(members: readonly UserId[], admins: readonly string[] | undefined): void {
  if (members.length === 0)
    throw new InvalidRequest([{ path: '/members', message: 'A group has at least one member.' }])
  if (members.length > MEMBERS_CHANGED_MAX + 1) {
    throw new InvalidRequest([{ path: '/members', message: `At most ${MEMBERS_CHANGED_MAX}; add the others later.` }])
  }
  const stranger = admins?.find((admin) => !members.includes(admin as UserId))
  if (stranger !== undefined) throw new InvalidRequest([{ path: '/admins', message: `${stranger} is not in members.` }])
}
