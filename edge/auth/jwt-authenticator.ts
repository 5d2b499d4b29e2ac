import { createHash, webcrypto } from 'node:crypto'
import { type AppId, Chat4AllError, USER_ID, USER_ID_MEANS, type UserId } from '@chat4all/protocol'
import type { DirectoryStore } from '@chat4all/storage'
import { errors, type JWTHeaderParameters, jwtVerify, SignJWT } from 'jose'
import { ClientCredentials } from './client-credentials.js'
import type { Authenticator, Identity } from './port.js'
import { VerifiedTokens } from './verified-tokens.js'

export interface AuthenticatorOptions {
  readonly directory: DirectoryStore
  /** Signs tokens (HS256). At least 32 bytes, the same on every edge. */
  readonly key: Uint8Array
  /** Keys that signed tokens until lately: still good for checking. */
  readonly previousKeys?: readonly Uint8Array[]
  readonly issuer?: string
  readonly audience?: string
  readonly serviceTokenSeconds?: number
  readonly userTokenSeconds?: number
  /** How far the clocks of edges may differ. */
  readonly clockToleranceSeconds?: number
  readonly verifiedTokensMax?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const ALGORITHM = 'HS256'
/** RFC 9068: an access token, so that no other JWT signed with the same key passes for one. */
const TYPE = 'at+jwt'
const KEY_BYTES_MIN = 32
const TOKEN_CHARACTERS_MAX = 4096

/** Short-lived JWTs: `client_id` names the app, and `user`, where there is one, the only user that it may act for. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const {
    directory,
    issuer = 'chat4all',
    audience = 'chat4all',
    serviceTokenSeconds = 3600,
    userTokenSeconds = 3600,
    clockToleranceSeconds = 5,
    verifiedTokensMax = 20_000,
    now = Date.now,
  } = options
  const signing = importKey(options.key)
  const keys = new Map([signing, ...(options.previousKeys ?? []).map(importKey)].map((key) => [key.id, key.secret]))
  const credentials = new ClientCredentials(directory, now)
  const verified = new VerifiedTokens(verifiedTokensMax)

  const keyFor = ({ kid }: JWTHeaderParameters): Promise<webcrypto.CryptoKey> => {
    const key = keys.get(kid ?? '')
    if (key === undefined)
      throw new Chat4AllError('UNAUTHENTICATED', 'The token is signed with a key that is not ours.')
    return key
  }

  const checkSignature = async (token: string): Promise<Identity> => {
    try {
      const { payload } = await jwtVerify(token, (header) => keyFor(header as JWTHeaderParameters), {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer,
        audience,
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(now()),
        requiredClaims: ['exp', 'iat', 'sub', 'client_id'],
      })
      const user = payload.user
      if (user !== undefined && typeof user !== 'string') throw unauthenticated()
      return {
        app: payload.client_id as AppId,
        user: user as UserId | undefined,
        expires: payload.exp! * 1000,
      }
    } catch (error) {
      if (error instanceof Chat4AllError) throw error
      if (error instanceof errors.JWTExpired) throw expired()
      throw unauthenticated()
    }
  }

  const identityOf = async (token: string): Promise<Identity> => {
    if (token.length > TOKEN_CHARACTERS_MAX) throw unauthenticated()
    const known = verified.get(token)
    if (known !== undefined) {
      if (now() >= known.expires + clockToleranceSeconds * 1000) throw expired()
      return known
    }
    const identity = await checkSignature(token)
    verified.add(token, identity)
    return identity
  }

  /** A store that does not answer takes nobody's rights away: the token is signed and will end by itself. */
  const isDisabled = async (app: AppId): Promise<boolean> => {
    const stored = await directory.app(app).catch(() => undefined)
    return stored?.disabled === true
  }

  return {
    async verify(token) {
      const identity = await identityOf(token)
      if (await isDisabled(identity.app)) {
        throw new Chat4AllError('UNAUTHENTICATED', 'The app of this token is disabled.')
      }
      return identity
    },

    async issue(clientId, clientSecret, user) {
      if (user !== undefined && !USER_ID.test(user)) {
        throw new Chat4AllError('INVALID', `user: ${USER_ID_MEANS}`)
      }
      const app = await credentials.check(clientId, clientSecret)
      const expiresIn = user === undefined ? serviceTokenSeconds : userTokenSeconds
      const issued = Math.floor(now() / 1000)
      const accessToken = await new SignJWT({ client_id: app, ...(user !== undefined && { user }) })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: signing.id })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(user ?? app)
        .setIssuedAt(issued)
        .setExpirationTime(issued + expiresIn)
        .sign(await signing.secret)
      // Its user comes here next, as a rule: what this process has signed it need not check.
      verified.add(accessToken, { app, user: user as UserId | undefined, expires: (issued + expiresIn) * 1000 })
      return { accessToken, expiresIn }
    },
  }
}

function importKey(key: Uint8Array): { id: string; secret: Promise<webcrypto.CryptoKey> } {
  if (key.length < KEY_BYTES_MIN) {
    throw new Error(`the key that signs tokens has ${key.length} bytes: at least ${KEY_BYTES_MIN} are needed`)
  }
  // The id says which key, and nothing about it: whoever has a token sees it.
  const id = createHash('sha256').update('chat4all token key').update(key).digest('base64url').slice(0, 11)
  // In the form that jose signs with: of any other it would make this one for every token.
  const secret = webcrypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
  return { id, secret }
}

function unauthenticated(): Chat4AllError {
  return new Chat4AllError('UNAUTHENTICATED', 'The token is not one of this server.')
}

function expired(): Chat4AllError {
  return new Chat4AllError('TOKEN_EXPIRED')
}
