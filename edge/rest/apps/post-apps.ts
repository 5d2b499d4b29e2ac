import { Chat4AllError } from '@chat4all/protocol'
import { type AppCreatedAnswer, appCreatedAnswer, createAppBody } from '@chat4all/protocol/rest'
import type { StoredApp } from '@chat4all/storage'
import { newSecret, storedSecret } from '../../auth/apps.js'
import { endpoint } from '../endpoint.js'
import { appIdOf, appJson, quotasOf } from './app-json.js'

export const postApps = endpoint({
  method: 'post',
  path: '/v1/apps',
  name: 'createApp',
  tag: 'Apps',
  summary: 'Create an app, with a secret that is told once',
  access: 'admin',
  body: createAppBody,
  takesIdempotencyKey: true,
  answers: {
    201: { description: 'Created.', schema: appCreatedAnswer, headers: { Location: 'Address of the app.' } },
  },
  refusals: ['CONFLICT'],
  async handle({ body }, { directory, now }) {
    const id = appIdOf(body)
    const secret = newSecret()
    const created = now()
    const app: StoredApp = {
      id,
      name: body.name ?? id,
      secrets: [await storedSecret(secret, created)],
      created,
      ...(body.quotas !== undefined && { quotas: quotasOf(body.quotas) }),
    }
    if (!(await directory.createApp(app))) throw new Chat4AllError('CONFLICT', `The app ${id} exists.`)
    const answer: AppCreatedAnswer = { ...appJson(app, created), client_secret: secret }
    return { status: 201, body: answer, headers: { location: `/v1/apps/${id}` } }
  },
})
