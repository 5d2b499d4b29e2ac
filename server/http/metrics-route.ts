import type { TemplatedApp } from 'uWebSockets.js'
import type { Registry } from 'prom-client'
import { answer, answerJson } from './answer.js'
import { mayRead, type OperatorAccess } from './operator-access.js'

/** `/metrics` for Prometheus, to whoever brings the metrics token or a service token. */
export function mountMetrics(app: TemplatedApp, registry: Registry, access: OperatorAccess): void {
  app.get('/metrics', (res, req) => {
    let gone = false
    res.onAborted(() => {
      gone = true
    })
    mayRead(req.getHeader('authorization'), access)
      .then(async (allowed) => {
        const body = allowed ? await registry.metrics() : undefined
        if (gone) return
        if (body !== undefined) answer(res, { status: 200, headers: { 'content-type': registry.contentType }, body })
        else refuse(res, 'Metrics')
      })
      .catch((error: Error) => {
        if (!gone) answerJson(res, 500, { code: 'INTERNAL', detail: error.message })
      })
  })
}

export function refuse(res: Parameters<typeof answer>[0], what: string): void {
  const detail = `${what} need a bearer token: CHAT4ALL_METRICS_TOKEN, or a service token where edges answer.`
  answer(res, {
    status: 401,
    headers: { 'content-type': 'application/json; charset=utf-8', 'www-authenticate': 'Bearer' },
    body: `${JSON.stringify({ code: 'UNAUTHENTICATED', detail })}\n`,
  })
}
