/**
 * A value with watchers. Each is told the value soon after it began to watch and after every change, always in a later
 * microtask (so nobody is called inside the call that changed it), and only the newest of changes made together.
 */
export class LatestValue<T> {
  value: T
  private readonly watchers = new Set<{ readonly onChange: (value: T) => void; told: boolean }>()
  private scheduled = false

  constructor(value: T) {
    this.value = value
  }

  set(value: T): void {
    this.value = value
    for (const watcher of this.watchers) watcher.told = false
    this.schedule()
  }

  /** Returns the function that stops watching. */
  watch(onChange: (value: T) => void): () => void {
    const watcher = { onChange, told: false }
    this.watchers.add(watcher)
    this.schedule()
    return () => {
      this.watchers.delete(watcher)
    }
  }

  close(): void {
    this.watchers.clear()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    queueMicrotask(() => {
      this.scheduled = false
      for (const watcher of this.watchers) {
        if (watcher.told) continue
        watcher.told = true
        watcher.onChange(this.value)
      }
    })
  }
}
