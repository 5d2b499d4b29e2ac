import { appAnswer, appParams, changeAppBody } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { appIdOf, appJson, noApp, quotasOf } from './app-json.js'

export const patchApp = endpoint({
  method: 'patch',
  path: '/v1/apps/{client_id}',
  name: 'changeApp',
  tag: 'Apps',
  summary: 'Rename, disable or enable an app, or set its quotas',
  description: 'Other servers of the cluster follow within two seconds. Sessions that are open end with their token.',
  access: 'admin',
  params: appParams,
  body: changeAppBody,
  answers: { 200: { description: 'The app as it is now.', schema: appAnswer } },
  refusals: [],
  async handle({ params, body }, { directory, now }) {
    const { name, disabled, quotas } = body
    const app = await directory.changeApp(appIdOf(params), (stored) => ({
      ...stored,
      ...(name !== undefined && { name }),
      ...(disabled !== undefined && { disabled }),
      ...(quotas !== undefined && { quotas: quotasOf(quotas) }),
    }))
    if (app === undefined) throw noApp(params.client_id)
    return { status: 200, body: appJson(app, now()) }
  },
})
