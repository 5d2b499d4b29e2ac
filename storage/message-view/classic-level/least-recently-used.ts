/** A map that forgets what was not used for longest once it holds more than `max`. */
export class LeastRecentlyUsed<Key, Value> {
  private readonly map = new Map<Key, Value>()
  private readonly max: number

  constructor(max: number) {
    this.max = max
  }

  get(key: Key): Value | undefined {
    const value = this.map.get(key)
    if (value === undefined) return undefined
    // A Map keeps the order of insertion: the first is the one unused for longest.
    this.map.delete(key)
    this.map.set(key, value)
    return value
  }

  set(key: Key, value: Value): void {
    this.map.delete(key)
    this.map.set(key, value)
    if (this.map.size > this.max) this.map.delete(this.map.keys().next().value!)
  }

  delete(key: Key): void {
    this.map.delete(key)
  }
}
