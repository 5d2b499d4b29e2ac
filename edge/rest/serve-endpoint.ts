import type { Context } from 'hono'
import type { Admission } from './admission/admission.js'
import type { RequestTally } from './admission/request-tally.js'
import type { Answered, Endpoint } from './endpoint.js'
import { BufferedResponse } from './http/buffered-response.js'
import type { Deprecation } from './http/deprecation-headers.js'
import type { Peer } from './http/http-on-uws.js'
import { validated } from './http/invalid-request.js'
import { demandDecodable } from './http/percent-encoding.js'
import { readBody } from './http/read-body.js'
import { traceOf } from './http/trace-context.js'
import { idempotencyKeyOf } from './idempotency/idempotency-key.js'
import type { KeptAnswer, KeptAnswers } from './idempotency/kept-answers.js'
import { fingerprintOf } from './idempotency/request-fingerprint.js'
import type { RestServices } from './services.js'

/** What is known of a request while it is being answered. */
export interface RestEnv {
  Bindings: Partial<Peer>
  Variables: {
    requestId: string
    /** Of the client, where it is known. */
    address: string
    tally: RequestTally
    route?: string
    about?: Answered['about']
    oauth?: boolean
    deprecated?: Deprecation
  }
}

export interface ServeWith {
  readonly services: RestServices
  readonly admission: Admission
  readonly keptAnswers: KeptAnswers
}

/** One request of an endpoint: who asks, what for, and its answer. */
export async function serveEndpoint(
  endpoint: Endpoint,
  { services, admission, keptAnswers }: ServeWith,
  c: Context<RestEnv>,
): Promise<Response> {
  c.set('route', endpoint.path)
  c.set('oauth', endpoint.takesForms === true)
  if (endpoint.deprecated !== undefined) c.set('deprecated', endpoint.deprecated)
  const { headers } = c.req.raw
  const identity = await admission.admit(endpoint.access, headers.get('authorization'), c.var.tally)
  demandDecodable(c.req.url)
  const params = endpoint.params && validated(endpoint.params, c.req.param(), 'parameters')
  const query = endpoint.query && validated(endpoint.query, c.req.query(), 'parameters')
  const body =
    endpoint.body && validated(endpoint.body, await readBody(c.req.raw, endpoint.takesForms === true), 'body')
  if (endpoint.cost !== undefined) await admission.charge(identity, endpoint.cost(body) - 1, c.var.tally)
  const word = endpoint.takesIdempotencyKey === true ? headers.get('idempotency-key') : null
  const key = word === null ? undefined : idempotencyKeyOf(word, identity)

  const handle = async (): Promise<Answered> => {
    const trace = traceOf(headers.get('traceparent'))
    const call = { identity, params, query, body, trace, header: (name: string) => headers.get(name), onceId: key?.id }
    const answered = await endpoint.handle(call, services)
    c.set('about', answered.about)
    return answered
  }
  if (key !== undefined) {
    const fingerprint = fingerprintOf(c.req.method, c.req.path, query, body)
    const { replayed, ...kept } = await keptAnswers.once(key, fingerprint, async () => writtenOut(await handle()))
    return responseOf({ ...kept, headers: { ...kept.headers, ...(replayed && { 'idempotency-replayed': 'true' }) } })
  }
  const answered = await handle()
  return answered.stream ?? responseOf(writtenOut(answered))
}

function writtenOut({ status, body, headers }: Answered): KeptAnswer {
  return {
    status,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? '' : JSON.stringify(body),
  }
}

function responseOf({ status, headers, body }: KeptAnswer): BufferedResponse {
  return new BufferedResponse(body, { status, headers })
}
