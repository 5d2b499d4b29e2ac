import type { AppId, EdgeId, UserId } from '@chat4all/protocol'
import type { Presence } from '@chat4all/storage'

/** Writes who is here, one write at a time per user: of an arrival and a departure the later one must win. */
export class PresenceWrites {
  private readonly presence: Presence
  private readonly edge: EdgeId
  private readonly last = new Map<string, Promise<boolean>>()

  constructor(presence: Presence, edge: EdgeId) {
    this.presence = presence
    this.edge = edge
  }

  /** Resolves when it is written (true), or could not be (false). */
  arrive(app: AppId, user: UserId): Promise<boolean> {
    return this.after(app, user, () => this.presence.arrive(app, user, this.edge))
  }

  leave(app: AppId, user: UserId): Promise<boolean> {
    return this.after(app, user, () => this.presence.leave(app, user, this.edge))
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.last.values())
  }

  private after(app: AppId, user: UserId, write: () => Promise<void>): Promise<boolean> {
    const key = `${app} ${user}`
    const before = this.last.get(key)
    const done = (before === undefined ? write() : before.then(write)).then(
      () => true,
      () => false,
    )
    this.last.set(key, done)
    void done.then(() => {
      if (this.last.get(key) === done) this.last.delete(key)
    })
    return done
  }
}
