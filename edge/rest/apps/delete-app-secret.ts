import { appSecretParams } from '@chat4all/protocol/rest'
import { revokeSecret } from '../../auth/apps.js'
import { endpoint } from '../endpoint.js'
import { appIdOf } from './app-json.js'

export const deleteAppSecret = endpoint({
  method: 'delete',
  path: '/v1/apps/{client_id}/secrets/{secret_id}',
  name: 'revokeAppSecret',
  tag: 'Apps',
  summary: 'Take a secret away at once',
  description: 'Also the last one: then nobody gets a token of the app until it has a new secret.',
  access: 'admin',
  params: appSecretParams,
  answers: { 204: { description: 'It is good for nothing now.' } },
  refusals: [],
  async handle({ params }, { directory }) {
    await revokeSecret(directory, appIdOf(params), params.secret_id)
    return { status: 204 }
  },
})
