import type { AppId, ConversationId, Millis, UserId } from '@chat4all/protocol'
import { Allowance } from './allowance.js'
import type { FeedUser } from './feed-user.js'
import type { Session } from './session.js'
import type { EdgeWorld } from './world.js'

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
  /** What it may send, and its app; made with its first send, because most connections are quiet. */
  private allowances: readonly [user: Allowance, app: Allowance] | undefined
  private readonly local: LocalApp

  constructor(local: LocalApp, id: UserId) {
    this.app = local.id
    this.local = local
    this.id = id
  }

  /** Milliseconds until it may send again; 0: now. */
  waitMs(now: Millis): number {
    return Math.max(this.allowances?.[0].waitMs(now) ?? 0, this.local.allowance.waitMs(now))
  }

  /** It sent one. */
  spend(world: EdgeWorld, now: Millis): void {
    this.allowances ??= [new Allowance('user', keyOf(this.app, this.id)), this.local.allowance]
    for (const allowance of this.allowances) {
      const points = allowance.spend(now)
      if (points > 0) world.askPortion(allowance, points)
    }
  }
}

/** An app with at least one user on this edge. */
class LocalApp {
  readonly id: AppId
  readonly allowance: Allowance
  users = 0

  constructor(id: AppId) {
    this.id = id
    this.allowance = new Allowance('app', id)
  }
}

/** The users of this edge. */
export class LocalUsers {
  private readonly users = new Map<string, LocalUser>()
  private readonly apps = new Map<AppId, LocalApp>()

  get(app: AppId, id: UserId): LocalUser | undefined {
    return this.users.get(keyOf(app, id))
  }

  enter(app: AppId, id: UserId): LocalUser {
    const key = keyOf(app, id)
    let user = this.users.get(key)
    if (user === undefined) {
      user = new LocalUser(this.appOf(app), id)
      this.users.set(key, user)
    }
    return user
  }

  leave(user: LocalUser): void {
    if (!this.users.delete(keyOf(user.app, user.id))) return
    const app = this.apps.get(user.app)!
    app.users--
    if (app.users === 0) this.apps.delete(user.app)
  }

  private appOf(id: AppId): LocalApp {
    const app = this.apps.get(id) ?? new LocalApp(id)
    app.users++
    this.apps.set(id, app)
    return app
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
