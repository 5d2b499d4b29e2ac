/**
 * A map that keeps what was used lately: at least the last `max / 2` entries, at most `max`. Two generations instead of
 * an order of all entries: what is used often costs one lookup and moves nothing.
 */
export class RecentlyUsed<Key, Value> {
  private young = new Map<Key, Value>()
  private old = new Map<Key, Value>()
  private readonly generationMax: number

  constructor(max: number) {
    this.generationMax = Math.ceil(max / 2)
  }

  get(key: Key): Value | undefined {
    const value = this.young.get(key)
    if (value !== undefined) return value
    const older = this.old.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }

  set(key: Key, value: Value): void {
    this.young.set(key, value)
    if (this.young.size < this.generationMax) return
    this.old = this.young
    this.young = new Map()
  }
}
