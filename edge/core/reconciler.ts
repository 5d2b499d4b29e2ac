import type { ConversationInfo } from '@chat4all/protocol'
import type { EdgeContext } from './edge-context.js'
import type { EnumerationOwner } from './enumerations.js'
import type { LocalUser, LocalUsers } from './local-user.js'

/** So much of a second goes by per user, so that lists are not all asked at once. */
const SPREAD_MS_PER_USER = 10

/**
 * Asks again for the conversations of users whose last list may have missed some. That a user was added to a
 * conversation is told to the edges where it is, best effort; when nodes or owners change, or presence cannot be
 * written, such a word can get lost, and this is what finds it: within `reconcileMs`, not never (design §5).
 */
export class Reconciler {
  private readonly edge: EdgeContext
  private readonly users: LocalUsers
  private readonly arrive: (user: LocalUser) => void
  /** Users by the second in which they are due. */
  private readonly due = new Map<number, LocalUser[]>()
  private second = 0

  /** `arrive` tells presence of a user that it could not be told of before. */
  constructor(edge: EdgeContext, users: LocalUsers, arrive: (user: LocalUser) => void) {
    this.edge = edge
    this.users = users
    this.arrive = arrive
  }

  schedule(user: LocalUser): void {
    if (user.reconciling) return
    user.reconciling = true
    const { config, world, now } = this.edge
    const spreadMs = Math.min(config.reconcileMs - config.settleMs, this.users.size * SPREAD_MS_PER_USER)
    const at = now + config.settleMs + world.random() * spreadMs
    const second = Math.max(Math.ceil(at / 1000), this.second + 1)
    const users = this.due.get(second)
    if (users === undefined) this.due.set(second, [user])
    else users.push(user)
  }

  scheduleAll(): void {
    for (const user of this.users.values()) this.schedule(user)
  }

  tick(): void {
    const { now } = this.edge
    const second = Math.floor(now / 1000)
    if (second <= this.second) return
    this.second = second
    for (const [at, users] of this.due) {
      if (at > second) continue
      this.due.delete(at)
      for (const user of users) this.run(user)
    }
  }

  private run(user: LocalUser): void {
    user.reconciling = false
    if (user.sessions.length === 0) return
    const { app, id } = user
    if (!user.present) this.arrive(user)
    this.edge.enumerations.start(app, id, new Reconciliation(this.edge, user), this.edge.now)
  }
}

class Reconciliation implements EnumerationOwner {
  private readonly edge: EdgeContext
  private readonly user: LocalUser

  constructor(edge: EdgeContext, user: LocalUser) {
    this.edge = edge
    this.user = user
  }

  listed(conversations: readonly ConversationInfo[]): void {
    const { edge, user } = this
    for (const info of conversations) {
      const known = user.feeds.has(info.conversation)
      for (const session of user.sessions) {
        const mayLack = session.state === 'open' && (session.doubtful || !known)
        if (mayLack) edge.feeds.introduce(user, session, info, session.cursorOf(info.conversation))
      }
    }
  }

  finished(complete: boolean, settled: boolean): void {
    const { edge, user } = this
    if (user.sessions.length === 0) return
    if (!complete || !settled || !user.present) edge.reconcile(user)
    else for (const session of user.sessions) if (session.doubtful) session.settle()
  }
}
