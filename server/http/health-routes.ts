import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js'
import { answerJson } from './answer.js'

/** Why this process should get no new clients now; empty when it is ready. Asked at each request, so it must be cheap. */
export type Unreadiness = () => readonly string[]

/**
 * `/healthz`: the process lives and its event loop turns; restart it when it does not. `/readyz`: it can serve; send
 * clients elsewhere (503, with reasons) while it cannot.
 */
export function mountHealth(app: TemplatedApp, unreadiness: Unreadiness): void {
  const healthy = (res: HttpResponse, req: HttpRequest): void => answerJson(res, 200, { status: 'ok' }, req.getMethod())
  const ready = (res: HttpResponse, req: HttpRequest): void => {
    const reasons = unreadiness()
    if (reasons.length === 0) answerJson(res, 200, { status: 'ready' }, req.getMethod())
    else answerJson(res, 503, { status: 'not ready', reasons }, req.getMethod())
  }
  app.get('/healthz', healthy).head('/healthz', healthy).get('/readyz', ready).head('/readyz', ready)
}
