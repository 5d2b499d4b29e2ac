import type { AppId, ConversationId, UserId } from '@chat4all/protocol'
import type { FeedUser } from './feed-user.js'
import type { Session } from './session.js'

/** A user with at least one session on this edge. */
export class LocalUser {
  readonly app: AppId
  readonly id: UserId
  sessions: readonly Session[] = []
  /** Its conversations, as far as they are known here. */
  readonly feeds = new Map<ConversationId, FeedUser>()
  /** Presence was asked to note that the user is here, and has answered: conversations may be listed. */
  arrived = false
  /** It did note it. */
  present = false
  /** Stands in the queue of those whose conversations are asked again. */
  reconciling = false

  constructor(app: AppId, id: UserId) {
    this.app = app
    this.id = id
  }
}

/** The users of this edge. */
export class LocalUsers {
  private readonly users = new Map<string, LocalUser>()

  get(app: AppId, id: UserId): LocalUser | undefined {
    return this.users.get(keyOf(app, id))
  }

  enter(app: AppId, id: UserId): LocalUser {
    const key = keyOf(app, id)
    let user = this.users.get(key)
    if (user === undefined) {
      user = new LocalUser(app, id)
      this.users.set(key, user)
    }
    return user
  }

  leave(user: LocalUser): void {
    this.users.delete(keyOf(user.app, user.id))
  }

  values(): Iterable<LocalUser> {
    return this.users.values()
  }

  get size(): number {
    return this.users.size
  }
}

/** Neither id can hold a space. */
function keyOf(app: AppId, id: UserId): string {
  return `${app} ${id}`
}
