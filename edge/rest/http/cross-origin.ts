import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

/** What a browser may do without asking again. Chrome keeps no answer for longer than two hours. */
const PREFLIGHT_SECONDS = 7_200

/** Headers of answers that pages of other origins may read, beside those that everyone may. */
const EXPOSED = [
  'deprecation',
  'idempotency-replayed',
  'link',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'sunset',
  'x-request-id',
]

/**
 * Lets web pages of these origins call the API. No cookies are involved: who asks says so by its token, so that `*` gives
 * nobody anything that it could not have from a server of its own.
 */
export function crossOrigin(origins: readonly string[]): MiddlewareHandler {
  const preflight = cors({
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'last-event-id', 'traceparent', 'x-request-id'],
    maxAge: PREFLIGHT_SECONDS,
  })
  return async (c, next) => {
    if (c.req.method === 'OPTIONS') return preflight(c, next)
    await next()
    // Set on the answer itself: what hono's own middleware sets before there is one makes hono build each answer anew as
    // a Response of the platform, which can neither be streamed nor be empty.
    setCrossOriginHeaders(c.res.headers, origins, c.req.header('origin') ?? '')
  }
}

/** Lets a page of these origins read an answer. */
export function setCrossOriginHeaders(headers: Headers, origins: readonly string[], origin: string): void {
  if (!origins.includes(origin) && !origins.includes('*')) return
  headers.set('access-control-allow-origin', origins.includes('*') ? '*' : origin)
  headers.set('access-control-expose-headers', EXPOSED.join(','))
  headers.append('vary', 'origin')
}
