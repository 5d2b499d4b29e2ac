import { randomUUID } from 'node:crypto'
import { type Rows, rights, type World } from './row.js'

const MEMBERS = { member: 200, admin: 200, service: 200 }

async function message({ fixture, tokens, conversation }: World): Promise<{ message_id: string }> {
  const message_id = randomUUID()
  const json = { message_id, conversation_id: conversation, payload: { type: 'text', text: 'hello' } }
  await fixture.call('POST', '/v1/messages', { token: tokens.admin!, json })
  return { message_id }
}

export const conversationRights: Rows = {
  'post /auth/token': {
    body: () => ({ client_id: 'demo', client_secret: 'wrong' }),
    expected: rights(401, {}),
  },
  'post /v1/conversations': {
    body: ({ as }) => ({ type: 'group', members: as === undefined ? ['x'] : [as] }),
    // Anyone may open a conversation of its own app.
    expected: rights(201, {}),
  },
  'get /v1/conversations': {
    query: () => ({ user: 'member' }),
    // Of the member's conversations: only the member and its service may see them; another app has a user of that name.
    expected: rights(403, { otherApp: 200, namesake: 200, member: 200, service: 200 }),
  },
  'get /v1/conversations/{conversation_id}': { expected: rights(404, MEMBERS) },
  'get /v1/conversations/{conversation_id}/messages': { expected: rights(404, MEMBERS) },
  'post /v1/conversations/{conversation_id}/members': {
    body: () => ({ add: ['newcomer'] }),
    expected: rights(404, { member: 403, admin: 200, service: 200 }),
  },
  'patch /v1/conversations/{conversation_id}': {
    body: () => ({ metadata: { topic: 'tea' } }),
    expected: rights(404, { member: 403, admin: 200, service: 200 }),
  },
  'delete /v1/conversations/{conversation_id}': { expected: rights(403, { otherApp: 404, service: 204 }) },
  'get /v1/conversations/{conversation_id}/members': { expected: rights(404, MEMBERS) },
  'put /v1/conversations/{conversation_id}/members/{user_id}': {
    make: async () => ({ user_id: 'newcomer' }),
    body: () => ({ role: 'admin' }),
    expected: rights(404, { member: 403, admin: 204, service: 204 }),
  },
  'delete /v1/conversations/{conversation_id}/members/{user_id}': {
    make: async () => ({ user_id: 'member' }),
    // Everyone may leave.
    expected: rights(404, { member: 204, admin: 204, service: 204 }),
  },
  'post /v1/conversations/{conversation_id}/receipts': {
    body: ({ as }) => ({ read: 1, ...(as && { user: as }) }),
    expected: rights(404, { member: 204, admin: 204, service: 204 }),
  },
  'post /v1/messages': {
    body: ({ conversation, as }) => ({
      message_id: randomUUID(),
      conversation_id: conversation,
      payload: { type: 'text', text: 'hello' },
      ...(as && { from: as }),
    }),
    expected: rights(404, { member: 202, admin: 202, service: 202 }),
  },
  'post /v2/messages': {
    body: ({ conversation, as }) => ({
      messages: [
        {
          message_id: randomUUID(),
          conversation_id: conversation,
          payload: { type: 'text', text: 'hello' },
          ...(as && { from: as }),
        },
      ],
    }),
    // Each message has its own answer: for strangers that there is no such conversation.
    expected: rights(207, { member: 200, admin: 200, service: 200 }),
  },
  'get /v1/messages/{message_id}': {
    make: message,
    query: ({ conversation }) => ({ conversation_id: conversation }),
    expected: rights(404, MEMBERS),
  },
  'get /v1/events': {
    query: () => ({ wait: '0' }),
    // A stream is one user's, and every user has one.
    expected: rights(200, { otherApp: 403, service: 403 }),
  },
}
