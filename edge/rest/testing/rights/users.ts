import { randomUUID } from 'node:crypto'
import { type Rows, rights, servicesOnly, type World } from './row.js'

/** The profile of `member` in the app `demo` only, with an address of its own. */
async function member({ fixture, tokens }: World): Promise<Record<string, string>> {
  const call = (method: string, path: string, json?: unknown) =>
    fixture.call(method, path, { token: tokens.service!, ...(json !== undefined && { json }) })
  const address = 'of-member'
  await call('POST', '/v1/users', { user_id: 'member' })
  await call('PUT', `/v1/users/member/identities/telegram/${address}`)
  return { user_id: 'member', channel: 'telegram', address }
}

async function erasure({ fixture, tokens }: World): Promise<Record<string, string>> {
  const { body } = await fixture.call('DELETE', '/v1/users/somebody', { token: tokens.service! })
  return { erasure_id: body.erasure_id }
}

export const userRights: Rows = {
  'post /v1/users': { body: () => ({ user_id: `u-${randomUUID()}` }), expected: servicesOnly(201, 201) },
  'get /v1/users': { expected: servicesOnly(200, 200) },
  // Users of an app may see each other's profiles.
  'get /v1/users/{user_id}': {
    make: member,
    expected: rights(404, { stranger: 200, member: 200, admin: 200, service: 200 }),
  },
  'patch /v1/users/{user_id}': {
    make: member,
    body: () => ({ name: 'Other' }),
    expected: rights(403, { otherApp: 404, namesake: 404, member: 200, service: 200 }),
  },
  'delete /v1/users/{user_id}': { make: async () => ({ user_id: 'somebody' }), expected: servicesOnly(202, 202) },
  'get /v1/erasures/{erasure_id}': { make: erasure, expected: servicesOnly(200, 404) },
  // Of another app, the user of this name has none: the list is empty.
  'get /v1/users/{user_id}/identities': {
    make: member,
    expected: rights(403, { otherApp: 200, namesake: 200, member: 200, service: 200 }),
  },
  'put /v1/users/{user_id}/identities/{channel}/{address}': { make: member, expected: servicesOnly(200, 404) },
  'delete /v1/users/{user_id}/identities/{channel}/{address}': {
    make: member,
    expected: rights(403, { otherApp: 404, namesake: 404, member: 204, service: 204 }),
  },
  'get /v1/identities': {
    make: member,
    query: ({ made }) => ({ channel: 'telegram', address: made.address! }),
    expected: servicesOnly(200, 404),
  },
}
