import { appAnswer, appParams } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { appIdOf, appJson, noApp } from './app-json.js'

export const getApp = endpoint({
  method: 'get',
  path: '/v1/apps/{client_id}',
  name: 'getApp',
  tag: 'Apps',
  summary: 'Read an app',
  access: 'admin',
  params: appParams,
  answers: { 200: { description: 'The app.', schema: appAnswer } },
  refusals: [],
  async handle({ params }, { directory, now }) {
    const app = await directory.app(appIdOf(params))
    if (app === undefined) throw noApp(params.client_id)
    return { status: 200, body: appJson(app, now()) }
  },
})
