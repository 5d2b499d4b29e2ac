import { Chat4AllError, ERRORS, type ErrorCode } from '@chat4all/protocol'
import { noAnswer } from './no-answer.js'

export interface TokenCredentials {
  readonly clientId: string
  readonly clientSecret: string
  /** The one user that the token shall act for: what a Client needs. A service token otherwise. */
  readonly user?: string
}

export interface Token {
  readonly accessToken: string
  readonly expiresInSeconds: number
}

/**
 * POST /auth/token: exchanges client credentials for an access token. For servers, command lines and demonstrations:
 * a client_secret has no place in a browser of somebody else.
 * @throws Chat4AllError UNAUTHENTICATED for wrong credentials, UNAVAILABLE when the server cannot be reached (a
 * CertificateError when it shows a certificate that is not accepted), …
 */
export async function requestToken(baseUrl: string, credentials: TokenCredentials): Promise<Token> {
  const url = tokenUrl(baseUrl)
  const { clientId, clientSecret, user } = credentials
  let response: Response
  let body: unknown
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: clientId, client_secret: clientSecret, ...(user !== undefined && { user }) }),
    })
    body = await response.json()
  } catch (cause) {
    throw noAnswer(url, cause)
  }
  if (!response.ok) throw problemOf(response.status, body)
  const { access_token: accessToken, expires_in: expiresInSeconds } = (body ?? {}) as Record<string, unknown>
  if (typeof accessToken !== 'string' || typeof expiresInSeconds !== 'number') {
    throw new Chat4AllError('INTERNAL', `${url} answered something else than a token: is it a Chat4All server?`)
  }
  return { accessToken, expiresInSeconds }
}

function tokenUrl(baseUrl: string): string {
  try {
    return new URL('/auth/token', baseUrl).href
  } catch {
    throw new Chat4AllError('INVALID', `${baseUrl} is not an address like https://chat.example.com`)
  }
}

function problemOf(status: number, body: unknown): Chat4AllError {
  const { code, detail, retry_after: retryAfter } = (body ?? {}) as Record<string, unknown>
  const known = typeof code === 'string' && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : codeOfStatus(status)
  return new Chat4AllError(
    known,
    typeof detail === 'string' ? detail : `The server answered HTTP ${status}.`,
    typeof retryAfter === 'number' ? retryAfter : undefined,
  )
}

/** For answers of something in front of the server that does not know our codes. */
function codeOfStatus(status: number): ErrorCode {
  const codes = Object.keys(ERRORS) as ErrorCode[]
  return codes.find((code) => ERRORS[code].http === status) ?? (status < 500 ? 'INVALID' : 'UNAVAILABLE')
}
