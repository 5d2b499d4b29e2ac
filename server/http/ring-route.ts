import type { TemplatedApp } from 'uWebSockets.js'
import type { RingView } from '../ring/ring-view.js'
import { answerJson } from './answer.js'
import { refuse } from './metrics-route.js'
import { mayRead, type OperatorAccess } from './operator-access.js'

/** `/ring`: who has which slot, for the operator's console and scripts. Read by whoever may read the metrics. */
export function mountRing(app: TemplatedApp, view: () => Promise<RingView>, access: OperatorAccess): void {
  app.get('/ring', (res, req) => {
    let gone = false
    res.onAborted(() => {
      gone = true
    })
    mayRead(req.getHeader('authorization'), access)
      .then(async (allowed) => {
        const found = allowed ? await view() : undefined
        if (gone) return
        if (found === undefined) refuse(res, 'Slots')
        else answerJson(res, 200, found)
      })
      .catch((error: Error) => {
        // Where slots are stands in storage, which is away: that is what the operator has to know.
        if (!gone)
          answerJson(res, 503, { code: 'UNAVAILABLE', detail: `the slot table cannot be read: ${error.message}` })
      })
  })
}
