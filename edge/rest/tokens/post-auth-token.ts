import { Chat4AllError } from '@chat4all/protocol'
import { type TokenAnswer, tokenAnswer, tokenRequest } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'

/** Client credentials → access token (RFC 6749, section 4.4). */
export const postAuthToken = endpoint({
  method: 'post',
  path: '/auth/token',
  name: 'createToken',
  tag: 'Tokens',
  summary: 'Get an access token',
  description:
    'Exchanges client credentials for a short-lived token. Without `user`: a service token, which acts for every user ' +
    'of the app and must stay on your servers. With `user`: a token for that user alone, fit for its devices. ' +
    'Credentials may also come as HTTP Basic, the fields as application/x-www-form-urlencoded (RFC 6749).',
  access: 'public',
  body: tokenRequest.partial({ client_id: true, client_secret: true }),
  takesForms: true,
  answers: { 200: { description: 'The token.', schema: tokenAnswer } },
  refusals: ['UNAUTHENTICATED', 'RATE_LIMITED'],
  async handle({ body, header }, { authenticator }) {
    const { client_id, client_secret } = body.client_id === undefined ? basicCredentials(header) : body
    if (client_id === undefined || client_secret === undefined) {
      throw new Chat4AllError('UNAUTHENTICATED', 'client_id and client_secret are needed.')
    }
    const { accessToken, expiresIn } = await authenticator.issue(client_id, client_secret, body.user)
    const answer: TokenAnswer = { access_token: accessToken, expires_in: expiresIn, token_type: 'Bearer' }
    return { status: 200, body: answer }
  },
})

function basicCredentials(header: (name: string) => string | null): { client_id?: string; client_secret?: string } {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(header('authorization') ?? '')?.[1]
  const text = Buffer.from(encoded ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0) return {}
  try {
    // RFC 6749, section 2.3.1: both are form-encoded before they are joined.
    const [client_id, client_secret] = [text.slice(0, colon), text.slice(colon + 1)].map((part) =>
      decodeURIComponent(part.replaceAll('+', ' ')),
    )
    return { client_id: client_id!, client_secret: client_secret! }
  } catch {
    return {}
  }
}
