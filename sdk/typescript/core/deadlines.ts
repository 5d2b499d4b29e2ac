/** Things that are due at a time of their own, of which only the soonest needs a timer. */
export class Deadlines<Key> {
  private readonly dueAt = new Map<Key, number>()
  /** Never later than the soonest; earlier where a deadline was moved or dropped. */
  private soonest = Number.POSITIVE_INFINITY

  set(key: Key, at: number): void {
    this.dueAt.set(key, at)
    if (at < this.soonest) this.soonest = at
  }

  has(key: Key): boolean {
    return this.dueAt.has(key)
  }

  delete(key: Key): void {
    this.dueAt.delete(key)
  }

  clear(): void {
    this.dueAt.clear()
    this.soonest = Number.POSITIVE_INFINITY
  }

  get wakeAt(): number {
    return this.dueAt.size === 0 ? Number.POSITIVE_INFINITY : this.soonest
  }

  /** Takes out what is due. */
  take(now: number): Key[] {
    if (now < this.soonest) return []
    const due: Key[] = []
    this.soonest = Number.POSITIVE_INFINITY
    for (const [key, at] of this.dueAt) {
      if (at <= now) {
        due.push(key)
        this.dueAt.delete(key)
      } else if (at < this.soonest) this.soonest = at
    }
    return due
  }
}
