import type { AppId, Millis, UserId } from '@chat4all/protocol'

/**
 * Profiles of users. A user needs none to talk: its id, which the app gives, is enough. One is needed for what the
 * profile says, and for identities.
 */
export interface UserStore {
  /** False: there is one, and it stays as it is. */
  create(user: StoredUser): Promise<boolean>
  get(app: AppId, id: UserId): Promise<StoredUser | undefined>
  /**
   * Changes the profile as it is now; `change` may be called several times, and returns undefined to leave it. Resolves
   * with the profile as it is then; undefined when there is none.
   */
  update(app: AppId, id: UserId, change: (user: StoredUser) => StoredUser | undefined): Promise<StoredUser | undefined>
  /** Up to `limit` profiles whose id lies behind `after`, in the order of their ids. */
  list(app: AppId, range: { readonly after?: UserId; readonly limit: number }): Promise<StoredUser[]>
  /** Forgets the profile and every identity of the user. May be repeated after a crash, and ends the same. */
  erase(app: AppId, id: UserId): Promise<void>

  readonly identities: IdentityStore
}

export interface StoredUser {
  readonly app: AppId
  readonly id: UserId
  readonly name: string | undefined
  readonly avatarUrl: string | undefined
  readonly metadata: Readonly<Record<string, string>>
  readonly created: Millis
  readonly updated: Millis
}

/** Which user an address on a channel is. An address belongs to one user of an app; a user may have several. */
export interface IdentityStore {
  add(identity: StoredIdentity): Promise<'added' | 'existed' | 'taken' | 'no user' | 'too many'>
  /** False: the user has no such identity. */
  remove(app: AppId, user: UserId, address: ChannelAddress): Promise<boolean>
  /** In the order of channel and address. */
  of(app: AppId, user: UserId): Promise<StoredIdentity[]>
  find(app: AppId, address: ChannelAddress): Promise<StoredIdentity | undefined>
}

export interface ChannelAddress {
  /** `telegram`, `whatsapp` … */
  readonly channel: string
  /** As the channel writes it: a chat id, a phone number. */
  readonly address: string
}

export interface StoredIdentity extends ChannelAddress {
  readonly app: AppId
  readonly user: UserId
  readonly created: Millis
}

export const IDENTITIES_PER_USER_MAX = 32
