import type { AppId, UserId } from '@chat4all/protocol'

/** Whom a token speaks for. */
export interface Identity {
  readonly app: AppId
  /** The one user that it may act for; undefined: a service token, which acts for every user of its app. */
  readonly user: UserId | undefined
  /** When the token ends, milliseconds since 1970. */
  readonly expires: number
}

export interface Authenticator {
  /** @throws Chat4AllError UNAUTHENTICATED or TOKEN_EXPIRED. */
  verify(token: string): Promise<Identity>
  /**
   * Exchanges client credentials for an access token; with `user`, one for only that user.
   * @throws Chat4AllError UNAUTHENTICATED for unknown client or wrong secret (not told apart), INVALID for a bad user id.
   */
  issue(clientId: string, clientSecret: string, user?: string): Promise<{ accessToken: string; expiresIn: number }>
}
