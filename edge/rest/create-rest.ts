import { Chat4AllError } from '@chat4all/protocol'
import { inProcessRateLimits, type RateLimits, recordsErasures, recordsUsers } from '@chat4all/storage'
import { Hono, type MiddlewareHandler } from 'hono'
import type { Logger } from 'pino'
import type { FileService } from '../files/file-service.js'
import type { Sessions } from '../sessions.js'
import type { WebhookService } from '../webhooks/webhook-service.js'
import { Admission } from './admission/admission.js'
import { RequestLimits } from './admission/request-limits.js'
import { RequestTally } from './admission/request-tally.js'
import { REST_LIMITS, type RestLimits } from './admission/rest-limits.js'
import { docsPages } from './description/docs-pages.js'
import { openApiDocument } from './description/openapi.js'
import type { Endpoint } from './endpoint.js'
import { ENDPOINTS } from './endpoints.js'
import { EventStreams } from './event-stream/event-streams.js'
import { setAnswerHeaders } from './http/answer-headers.js'
import { type ClientAddress, clientAddressBehind } from './http/client-address.js'
import { crossOrigin } from './http/cross-origin.js'
import { setDeprecationHeaders } from './http/deprecation-headers.js'
import { faultOf, problemResponse } from './http/problem-response.js'
import { traceOf } from './http/trace-context.js'
import { KeptAnswers } from './idempotency/kept-answers.js'
import { type AnswerSample, type RestEvents, restEvents } from './rest-events.js'
import { REST_IDS, type RestIds } from './rest-ids.js'
import { type RestEnv, serveEndpoint } from './serve-endpoint.js'
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
  /** Where requests are counted; this process unless given. */
  readonly rateLimits?: RateLimits
  /** Who asks, where proxies stand in front; the peer unless given. */
  readonly clientAddress?: ClientAddress
  /** Opens the admin API to whoever has it; undefined: there is none. */
  readonly adminToken?: string
  /** Web pages of these origins (`https://app.example.org`, or `*`) may call the API. None unless given. */
  readonly corsOrigins?: readonly string[]
  /** For so long browsers shall come by TLS only (Strict-Transport-Security); 0: that is not said. */
  readonly hstsSeconds?: number
  /** What is served; all of the API unless given. */
  readonly endpoints?: readonly Endpoint[]
  /** When this is aborted, nothing is begun any more that no request asked for. */
  readonly stopped?: AbortSignal
  /** Told of every answer, for metrics. */
  readonly onAnswer?: (sample: AnswerSample) => void
}

export type RestApp = Hono<RestEnv>

const REQUEST_ID = /^[A-Za-z0-9_.:-]{1,128}$/

/** The REST API as a Hono app: try it with `app.request(…)`, serve it with `mountRest`. */
export function createRest(options: RestOptions): RestApp {
  const { requests, authenticator, directory, records, files, webhooks, ids = REST_IDS, logger, onAnswer } = options
  const { now = Date.now, corsOrigins = [], hstsSeconds = 0, sessions, endpoints = ENDPOINTS } = options
  const { rateLimits = inProcessRateLimits(), clientAddress = clientAddressBehind([]) } = options
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
  const limits = new RequestLimits(rateLimits, directory, { ...REST_LIMITS, ...options.limits })
  const admission = new Admission(authenticator, options.adminToken, limits)
  const serveWith = { services, admission, keptAnswers: new KeptAnswers(records, now) }
  const app = new Hono<RestEnv>()

  app.use(everyAnswer({ newRequestId: ids.newRequestId, clientAddress, hstsSeconds, events }))
  if (corsOrigins.length > 0) app.use(crossOrigin(corsOrigins))
  app.use(async (c, next) => {
    await limits.countAddress(c.var.address, c.var.tally)
    await next()
  })
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

  for (const endpoint of endpoints) {
    const path = honoPath(endpoint.path)
    allow(path, ...(endpoint.method === 'get' ? ['GET', 'HEAD'] : [endpoint.method.toUpperCase()]))
    app.on(endpoint.method.toUpperCase(), path, (c) => serveEndpoint(endpoint, serveWith, c))
  }
  for (const page of docsPages(openApiDocument(endpoints))) {
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

interface EveryAnswerOptions {
  readonly newRequestId: () => string
  readonly clientAddress: ClientAddress
  readonly hstsSeconds: number
  readonly events: RestEvents
}

/** Names the request and who asks, and when it is answered, completes the headers and tells log and metrics. */
function everyAnswer(options: EveryAnswerOptions): MiddlewareHandler<RestEnv> {
  const { newRequestId, clientAddress, hstsSeconds, events } = options
  return async (c, next) => {
    const startedMs = performance.now()
    const { headers, method } = c.req.raw
    const named = headers.get('x-request-id')
    const requestId = named !== null && REQUEST_ID.test(named) ? named : newRequestId()
    const address = clientAddress(c.env?.remoteAddress ?? '', headers.get('x-forwarded-for'))
    const tally = new RequestTally()
    c.set('requestId', requestId)
    c.set('address', address)
    c.set('tally', tally)
    await next()
    setAnswerHeaders(c.res.headers, { requestId, hstsSeconds })
    tally.setHeaders(c.res.headers)
    if (c.var.deprecated !== undefined) setDeprecationHeaders(c.res.headers, c.var.deprecated)
    events.answered({
      method,
      route: c.var.route ?? 'other',
      status: c.res.status,
      tookMs: performance.now() - startedMs,
      requestId,
      trace: traceOf(headers.get('traceparent')),
      remoteAddress: address,
      about: c.var.about,
    })
  }
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
