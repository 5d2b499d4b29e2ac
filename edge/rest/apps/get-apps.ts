import { type AppListAnswer, appListAnswer, listAppsQuery } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { nextLink } from '../http/next-link.js'
import { appJson } from './app-json.js'

const APPS_UNLESS_TOLD = 100

export const getApps = endpoint({
  method: 'get',
  path: '/v1/apps',
  name: 'listApps',
  tag: 'Apps',
  summary: 'List the apps',
  access: 'admin',
  query: listAppsQuery,
  answers: {
    200: { description: 'A page of apps.', schema: appListAnswer, headers: { Link: 'The next page, rel="next".' } },
  },
  refusals: [],
  async handle({ query }, { directory, now }) {
    const { limit = APPS_UNLESS_TOLD, cursor = '' } = query
    // Apps are few, and this is for operators.
    const rest = (await directory.apps()).filter(({ id }) => id > cursor).sort((a, b) => (a.id < b.id ? -1 : 1))
    const page = rest.slice(0, limit)
    const { body, headers } = nextLink(
      '/v1/apps',
      rest.length > page.length ? { limit, cursor: page.at(-1)!.id } : undefined,
    )
    const answer: AppListAnswer = { apps: page.map((app) => appJson(app, now())), ...body }
    return { status: 200, body: answer, headers }
  },
})
