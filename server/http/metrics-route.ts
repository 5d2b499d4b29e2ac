import type { HttpResponse, TemplatedApp } from 'uWebSockets.js'
import type { Registry } from 'prom-client'
import { answer, answerJson } from './answer.js'
import { mountForOperators, type OperatorAccess } from './operator-access.js'

/** `/metrics` for Prometheus, to whoever brings the metrics token or a service token. */
export function mountMetrics(app: TemplatedApp, registry: Registry, access: OperatorAccess): void {
  const route = {
    path: '/metrics',
    what: 'Metrics',
    read: () => registry.metrics(),
    tell: (res: HttpResponse, body: string) =>
      answer(res, { status: 200, headers: { 'content-type': registry.contentType }, body }),
    failed: (res: HttpResponse, error: Error) => answerJson(res, 500, { code: 'INTERNAL', detail: error.message }),
  }
  mountForOperators(app, route, access)
}
