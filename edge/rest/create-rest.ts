import { Chat4AllError } from '@chat4all/protocol'
import { recordsErasures, recordsUsers } from '@chat4all/storage'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { Logger } from 'pino'
import type { FileService } from '../files/file-service.js'
import type { Sessions } from '../sessions.js'
import type { WebhookService } from '../webhooks/webhook-service.js'
import { Admission } from './admission/admission.js'
import { REST_LIMITS, type RestLimits } from './admission/rest-limits.js'
import { docsPages } from './description/docs-pages.js'
import { openApiDocument } from './description/openapi.js'
import type { Answered, Endpoint } from './endpoint.js'
import { ENDPOINTS } from './endpoints.js'
import { EventStreams } from './event-stream/event-streams.js'
import { setAnswerHeaders } from './http/answer-headers.js'
import { BufferedResponse } from './http/buffered-response.js'
import type { Peer } from './http/http-on-uws.js'
import { validated } from './http/invalid-request.js'
import { faultOf, problemResponse } from './http/problem-response.js'
import { readBody } from './http/read-body.js'
import { traceOf } from './http/trace-context.js'
import { type AnswerSample, type RestEvents, restEvents } from './rest-events.js'
import { REST_IDS, type RestIds } from './rest-ids.js'
import type { RestServices } from './services.js'
import { UserErasures } from './users/user-erasures.js'

export interface RestOptions
  extends Omit<RestServices, 'ids' | 'files' | 'webhooks' | 'users' | 'userErasures' | 'now' | 'eventStreams'> {
  readonly files?: FileService
  readonly webhooks?: WebhookService
  /** Where event streams come from; without it there are none. */
  readonly sessions?: Sessions
  readonly ids?: RestIds
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly limits?: Partial<RestLimits>
  /** Opens the admin API to whoever has it; undefined: there is none. */
  readonly adminToken?: string
  /** Web pages of these origins (`https://app.example.org`) may call the API. None unless given. */
  readonly corsOrigins?: readonly string[]
  /** When this is aborted, nothing is begun any more that no request asked for. */
  readonly stopped?: AbortSignal
  /** Told of every answer, for metrics. */
  readonly onAnswer?: (sample: AnswerSample) => void
}

interface RestEnv {
  Bindings: Partial<Peer>
  Variables: { requestId: string; route?: string; about?: Answered['about']; oauth?: boolean }
}
export type RestApp = Hono<RestEnv>

const REQUEST_ID = /^[A-Za-z0-9_.:-]{1,128}$/

/** The REST API as a Hono app: try it with `app.request(…)`, serve it with `mountRest`. */
export function createRest(options: RestOptions): RestApp {
  const { requests, authenticator, directory, records, files, webhooks, ids = REST_IDS, logger, onAnswer } = options
  const { now = Date.now, corsOrigins = [], sessions } = options
  const users = recordsUsers(records)
  const events = restEvents(logger, onAnswer)
  const userErasures = new UserErasures({
    erasures: recordsErasures(records),
    users,
    requests,
    ids,
    now,
    onFailed: events.erasureFailed,
  })
  userErasures.start()
  options.stopped?.addEventListener('abort', () => void userErasures.stop())
  const eventStreams = sessions && new EventStreams(sessions, records)
  const services: RestServices = {
    requests,
    authenticator,
    ids,
    directory,
    records,
    users,
    userErasures,
    now,
    eventStreams,
    files,
    webhooks,
  }
  const limits = { ...REST_LIMITS, ...options.limits }
  const admission = new Admission(authenticator, directory, options.adminToken, limits, now)
  const app = new Hono<RestEnv>()

  app.use(everyAnswer(ids.newRequestId, events))
  if (corsOrigins.length > 0) app.use(crossOrigin(corsOrigins))
  app.onError((error, c) => {
    const fault = faultOf(error)
    if (fault.code === 'INTERNAL') events.failed(error, c.var.requestId)
    return problemResponse(fault, {
      requestId: c.var.requestId,
      ...(c.var.oauth === true && { oauthError: oauthErrorOf(fault) }),
    })
  })
  app.notFound((c) =>
    problemResponse(new Chat4AllError('NOT_FOUND', 'There is nothing at this path.'), { requestId: c.var.requestId }),
  )

  const allowed = new Map<string, string[]>()
  const allow = (path: string, ...methods: string[]) => allowed.set(path, [...(allowed.get(path) ?? []), ...methods])

  for (const endpoint of ENDPOINTS) {
    const path = honoPath(endpoint.path)
    allow(path, ...(endpoint.method === 'get' ? ['GET', 'HEAD'] : [endpoint.method.toUpperCase()]))
    app.on(endpoint.method.toUpperCase(), path, (c) => serve(endpoint, services, admission, c))
  }
  for (const page of docsPages(openApiDocument(ENDPOINTS))) {
    allow(page.path, 'GET', 'HEAD')
    app.get(page.path, (c) => {
      c.set('route', page.path)
      return page.answer()
    })
  }
  // Behind the methods that a path has: every other one.
  for (const [path, methods] of allowed) app.all(path, otherMethod([...methods, 'OPTIONS'].join(', ')))
  return app
}

async function serve(
  endpoint: Endpoint,
  services: RestServices,
  admission: Admission,
  c: Context<RestEnv>,
): Promise<Response> {
  c.set('route', endpoint.path)
  c.set('oauth', endpoint.takesForms === true)
  const { headers } = c.req.raw
  const identity = await admission.admit(endpoint.access, headers.get('authorization'))
  const params = endpoint.params && validated(endpoint.params, c.req.param(), 'parameters')
  const query = endpoint.query && validated(endpoint.query, c.req.query(), 'parameters')
  const body =
    endpoint.body && validated(endpoint.body, await readBody(c.req.raw, endpoint.takesForms === true), 'body')
  const trace = traceOf(headers.get('traceparent'))
  const answered = await endpoint.handle(
    { identity, params, query, body, trace, header: (name) => headers.get(name) },
    services,
  )
  c.set('about', answered.about)
  if (answered.stream !== undefined) return answered.stream
  const isEmpty = answered.body === undefined
  return new BufferedResponse(isEmpty ? '' : JSON.stringify(answered.body), {
    status: answered.status,
    headers: { ...(!isEmpty && { 'content-type': 'application/json' }), ...answered.headers },
  })
}

/** Names the request, and when it is answered, completes the headers and tells log and metrics. */
function everyAnswer(newRequestId: () => string, events: RestEvents): MiddlewareHandler<RestEnv> {
  return async (c, next) => {
    const startedMs = performance.now()
    const { headers, method } = c.req.raw
    const named = headers.get('x-request-id')
    const requestId = named !== null && REQUEST_ID.test(named) ? named : newRequestId()
    c.set('requestId', requestId)
    await next()
    setAnswerHeaders(c.res.headers, requestId)
    events.answered({
      method,
      route: c.var.route ?? 'other',
      status: c.res.status,
      tookMs: performance.now() - startedMs,
      requestId,
      trace: traceOf(headers.get('traceparent')),
      remoteAddress: c.env?.remoteAddress,
      about: c.var.about,
    })
  }
}

function crossOrigin(origins: readonly string[]): MiddlewareHandler {
  return cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'last-event-id', 'traceparent', 'x-request-id'],
    exposeHeaders: ['link', 'location', 'retry-after', 'x-request-id'],
    maxAge: 600,
  })
}

function otherMethod(allow: string): MiddlewareHandler<RestEnv> {
  return async (c) => {
    if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
    const fault = new Chat4AllError('METHOD_NOT_ALLOWED', `${c.req.method} is not answered here; ${allow} are.`)
    return problemResponse(fault, { requestId: c.var.requestId, headers: { allow } })
  }
}

function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

/** RFC 6749, section 5.2, so that OAuth clients understand too. */
function oauthErrorOf({ code }: Chat4AllError): string {
  if (code === 'UNAUTHENTICATED') return 'invalid_client'
  return code === 'INVALID' ? 'invalid_request' : 'temporarily_unavailable'
}
