import type { HttpResponse, TemplatedApp } from 'uWebSockets.js'
import type { RingView } from '../ring/ring-view.js'
import { answerJson } from './answer.js'
import { mountForOperators, type OperatorAccess } from './operator-access.js'

/** `/ring`: who has which slot, for the operator's console and scripts. Read by whoever may read the metrics. */
export function mountRing(app: TemplatedApp, view: () => Promise<RingView>, access: OperatorAccess): void {
  const route = {
    path: '/ring',
    what: 'Slots',
    read: view,
    tell: (res: HttpResponse, found: RingView) => answerJson(res, 200, found),
    // Where slots are stands in storage, which is away: that is what the operator has to know.
    failed: (res: HttpResponse, error: Error) =>
      answerJson(res, 503, { code: 'UNAVAILABLE', detail: `the slot table cannot be read: ${error.message}` }),
  }
  mountForOperators(app, route, access)
}
