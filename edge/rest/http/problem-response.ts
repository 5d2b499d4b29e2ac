import { Chat4AllError, ERRORS } from '@chat4all/protocol'
import type { Problem } from '@chat4all/protocol/rest'
import { LimitReached } from '../admission/limit-reached.js'
import { BufferedResponse } from './buffered-response.js'
import { InvalidRequest } from './invalid-request.js'

const RETRY_MS_UNLESS_TOLD = 1000

export interface ProblemExtras {
  readonly requestId?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** The error code of RFC 6749, for POST /auth/token. */
  readonly oauthError?: string
}

/** A fault as RFC 9457 has it, with the headers that belong to its status. Nothing in it but the fault's own text. */
export function problemResponse(fault: Chat4AllError, extras: ProblemExtras = {}): BufferedResponse {
  const { http: status, means, retry } = ERRORS[fault.code]
  const retryAfter = retry === 'after' ? (fault.retryAfter ?? RETRY_MS_UNLESS_TOLD) : undefined
  const problem: Problem = {
    type: `/docs/errors#${fault.code}`,
    title: means,
    status,
    detail: fault.detail,
    code: fault.code,
    ...(fault instanceof InvalidRequest && { errors: [...fault.fields] }),
    ...(retryAfter !== undefined && { retry_after: retryAfter }),
    ...(fault instanceof LimitReached && { 'violated-policies': [fault.policy] }),
    ...(extras.requestId !== undefined && { request_id: extras.requestId }),
    ...(extras.oauthError !== undefined && { error: extras.oauthError }),
  }
  return new BufferedResponse(JSON.stringify(problem), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfter !== undefined && { 'retry-after': String(Math.ceil(retryAfter / 1000)) }),
      ...(status === 401 && { 'www-authenticate': challenge(fault) }),
      ...extras.headers,
    },
  })
}

/** RFC 6750, section 3. */
function challenge({ code }: Chat4AllError): string {
  return `Bearer realm="chat4all"${code === 'TOKEN_EXPIRED' ? ', error="invalid_token", error_description="expired"' : ''}`
}

/** What a thrown value says to a client: itself if it is of the table, else only that there is a bug here. */
export function faultOf(error: unknown): Chat4AllError {
  return error instanceof Chat4AllError ? error : new Chat4AllError('INTERNAL')
}
