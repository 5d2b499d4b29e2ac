import type { HttpResponse, TemplatedApp } from 'uWebSockets.js'
import { sameSecret } from '@chat4all/edge/same-secret'
import { answer } from './answer.js'

/** Who may read what is for operators. */
export interface OperatorAccess {
  /** CHAT4ALL_METRICS_TOKEN. */
  readonly token: string | undefined
  /** Whether it is a service token of an app; a shard-node knows no tokens. */
  readonly isServiceToken?: (token: string) => Promise<boolean>
}

export interface OperatorRoute<Found> {
  readonly path: string
  /** For the words to whoever may not read it: "Metrics". */
  readonly what: string
  readonly read: () => Promise<Found>
  readonly tell: (res: HttpResponse, found: Found) => void
  readonly failed: (res: HttpResponse, error: Error) => void
}

/** Answers GET to whoever has access, and 401 to others. */
export function mountForOperators<Found>(app: TemplatedApp, route: OperatorRoute<Found>, access: OperatorAccess): void {
  app.get(route.path, (res, req) => {
    let gone = false
    res.onAborted(() => {
      gone = true
    })
    mayRead(req.getHeader('authorization'), access)
      .then(async (allowed) => {
        if (!allowed) return gone ? undefined : refuse(res, route.what, access)
        const found = await route.read()
        if (!gone) route.tell(res, found)
      })
      .catch((error: Error) => {
        if (!gone) route.failed(res, error)
      })
  })
}

async function mayRead(authorization: string, { token, isServiceToken }: OperatorAccess): Promise<boolean> {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (bearer === undefined) return false
  if (token !== undefined && sameSecret(bearer, token)) return true
  return (await isServiceToken?.(bearer)) ?? false
}

function refuse(res: HttpResponse, what: string, { token, isServiceToken }: OperatorAccess): void {
  const opens = [
    ...(token === undefined ? [] : ['CHAT4ALL_METRICS_TOKEN']),
    ...(isServiceToken === undefined ? [] : ['a service token of an app']),
  ]
  const which = opens.join(' or ') || 'CHAT4ALL_METRICS_TOKEN, which this process was not given'
  const detail = `${what} need a bearer token: ${which}.`
  answer(res, {
    status: 401,
    headers: { 'content-type': 'application/json; charset=utf-8', 'www-authenticate': 'Bearer' },
    body: `${JSON.stringify({ code: 'UNAUTHENTICATED', detail })}\n`,
  })
}
