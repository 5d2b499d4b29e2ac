import type { TemplatedApp } from 'uWebSockets.js'
import { randomUUID } from 'node:crypto'
import type { Chat4AllError } from '@chat4all/protocol'
import type { Logger } from 'pino'
import { REST_LIMITS, type RestLimits } from './admission/rest-limits.js'
import type { RestApp } from './create-rest.js'
import { setAnswerHeaders } from './http/answer-headers.js'
import { setCrossOriginHeaders } from './http/cross-origin.js'
import { httpOnUws } from './http/http-on-uws.js'
import { problemResponse } from './http/problem-response.js'

export interface MountOptions {
  readonly logger: Logger
  readonly limits?: Partial<Pick<RestLimits, 'bodyBytesMax' | 'bodyMsMax'>>
  /** As RestOptions has them. */
  readonly hstsSeconds?: number
  readonly corsOrigins?: readonly string[]
}

/** What belongs to REST whatever else answers on the port. */
const PATTERNS = ['/auth/*', '/v1/*', '/v2/*', '/docs', '/docs/*', '/openapi.json']
const METHODS = ['get', 'post', 'put', 'patch', 'del', 'options', 'head'] as const

/**
 * Puts the REST API on the shared port. Other routes of the app (WebSocket, /healthz, the web chat) may be registered
 * before or after: uWebSockets prefers the more specific pattern, and a method's own routes over `any`. What nobody
 * answers gets the API's 404.
 */
export function mountRest(uws: TemplatedApp, rest: RestApp, options: MountOptions): void {
  const { logger, limits, hstsSeconds = 0, corsOrigins = [] } = options
  const { bodyBytesMax, bodyMsMax } = { ...REST_LIMITS, ...limits }
  const handle = httpOnUws((request, peer) => rest.fetch(request, peer), {
    bodyBytesMax,
    bodyMsMax,
    refuse: (fault: Chat4AllError, origin: string) => {
      const requestId = randomUUID()
      const response = problemResponse(fault, { requestId })
      setAnswerHeaders(response.headers, { requestId, hstsSeconds })
      setCrossOriginHeaders(response.headers, corsOrigins, origin)
      logger.info({ event: 'rest.refused', requestId, code: fault.code })
      return response
    },
    onFault: (error) => logger.error({ event: 'rest.failed', err: error }, 'the REST app threw'),
  })
  for (const pattern of PATTERNS) {
    for (const method of METHODS) uws[method](pattern, handle)
    uws.any(pattern, handle)
  }
  uws.any('/*', handle)
}
