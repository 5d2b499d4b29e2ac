import type { ConversationInfo, Millis } from '@chat4all/protocol'
import type { EdgeContext } from './edge-context.js'
import type { EnumerationOwner } from './enumerations.js'
import type { LocalUser, LocalUsers } from './local-user.js'

/** So much of a second goes by per user, so that lists are not all asked at once. */
const SPREAD_MS_PER_USER = 10

/**
 * Asks again for the conversations of users whose last list may have missed some. That a user was added to a
 * conversation is told to the edges where it is, best effort; when nodes or owners change, or presence cannot be
 * written, such a word can get lost, and this is what finds it: within `reconcileMs` of the last change, not never
 * (design §5).
 */
export class Reconciler {
  private readonly edge: EdgeContext
  private readonly users: LocalUsers
  private readonly arrive: (user: LocalUser) => void
  /** Users by the second in which they are due. */
  private readonly due = new Map<number, LocalUser[]>()
  private second = 0
  /** The change of nodes or owners that was last heeded, and since when there is one that was not. */
  private heededAt = 0 as Millis
  private unheededSince: Millis | undefined

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
    const spreadMsMax = Math.max(0, config.reconcileMs - 2 * config.settleMs)
    const spreadMs = Math.min(spreadMsMax, this.users.size * SPREAD_MS_PER_USER)
    const at = now + config.settleMs + world.random() * spreadMs
    const second = Math.max(Math.ceil(at / 1000), this.second + 1)
    const users = this.due.get(second)
    if (users === undefined) this.due.set(second, [user])
    else users.push(user)
  }

  tick(): void {
    const { now } = this.edge
    this.heedChanges(now)
    const second = Math.floor(now / 1000)
    if (second <= this.second) return
    this.second = second
    for (const [at, users] of this.due) {
      if (at > second) continue
      this.due.delete(at)
      for (const user of users) this.run(user)
    }
  }

  /**
   * Everybody's list is asked for when the changes are over: while slots move one by one, an answer is out of date
   * before it comes, and asking every node about every user would slow the moves themselves. Changes without an end are
   * not waited for.
   */
  private heedChanges(now: Millis): void {
    const { config, enumerations } = this.edge
    const { changedAt } = enumerations
    if (changedAt <= this.heededAt) return
    this.unheededSince ??= now
    if (now - changedAt < config.settleMs && now - this.unheededSince < config.reconcileMs) return
    this.heededAt = changedAt
    this.unheededSince = undefined
    for (const user of this.users.values()) this.schedule(user)
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
