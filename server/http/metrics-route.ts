import type { TemplatedApp } from 'uWebSockets.js'
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Registry } from 'prom-client'
import { answer, answerJson } from './answer.js'

export interface MetricsAccess {
  /** CHAT4ALL_METRICS_TOKEN. */
  readonly token: string | undefined
  /** Whether it is a service token of an app; a shard-node knows no tokens. */
  readonly isServiceToken?: (token: string) => Promise<boolean>
}

/** `/metrics` for Prometheus, to whoever brings the metrics token or a service token. */
export function mountMetrics(app: TemplatedApp, registry: Registry, access: MetricsAccess): void {
  app.get('/metrics', (res, req) => {
    let gone = false
    res.onAborted(() => {
      gone = true
    })
    const bearer = /^Bearer +(\S+)$/i.exec(req.getHeader('authorization'))?.[1]
    mayRead(bearer, access)
      .then(async (allowed) => {
        const body = allowed ? await registry.metrics() : undefined
        if (gone) return
        if (body !== undefined) answer(res, { status: 200, headers: { 'content-type': registry.contentType }, body })
        else refuse(res)
      })
      .catch((error: Error) => {
        if (!gone) answerJson(res, 500, { code: 'INTERNAL', detail: error.message })
      })
  })
}

function refuse(res: Parameters<typeof answer>[0]): void {
  const detail = 'Metrics need a bearer token: CHAT4ALL_METRICS_TOKEN, or a service token where edges answer.'
  answer(res, {
    status: 401,
    headers: { 'content-type': 'application/json; charset=utf-8', 'www-authenticate': 'Bearer' },
    body: `${JSON.stringify({ code: 'UNAUTHENTICATED', detail })}\n`,
  })
}

async function mayRead(bearer: string | undefined, { token, isServiceToken }: MetricsAccess): Promise<boolean> {
  if (bearer === undefined) return false
  if (token !== undefined && equal(bearer, token)) return true
  return (await isServiceToken?.(bearer)) ?? false
}

function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
