import { randomUUID } from 'node:crypto'
import { operatorOnly, type Rows, type World } from './row.js'

async function app({ fixture, tokens }: World): Promise<Record<string, string>> {
  const json = { client_id: `app-${randomUUID()}` }
  const { body } = await fixture.call('POST', '/v1/apps', { token: tokens.operator!, json })
  return { client_id: body.client_id, secret_id: body.secrets[0].secret_id }
}

export const appRights: Rows = {
  'post /v1/apps': { body: () => ({ client_id: `app-${randomUUID()}` }), expected: operatorOnly(201) },
  'get /v1/apps': { expected: operatorOnly(200) },
  'get /v1/apps/{client_id}': { make: app, expected: operatorOnly(200) },
  'patch /v1/apps/{client_id}': { make: app, body: () => ({ disabled: true }), expected: operatorOnly(200) },
  'post /v1/apps/{client_id}/secrets': { make: app, body: () => ({}), expected: operatorOnly(201) },
  'delete /v1/apps/{client_id}/secrets/{secret_id}': { make: app, expected: operatorOnly(204) },
}
