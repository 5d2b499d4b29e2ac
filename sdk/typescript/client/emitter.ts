type Listener<Event> = (event: Event) => void

/** Events with types. A listener that throws breaks neither the others nor the client: the error surfaces by itself. */
export class Emitter<Events> {
  private readonly listeners = new Map<keyof Events, readonly Listener<never>[]>()

  on<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): () => void {
    // Wrapped, so that the same function registered twice is two listeners, each with its own way out.
    const entry: Listener<Events[Type]> = (event) => listener(event)
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), entry])
    return () => {
      const others = this.listeners.get(type)?.filter((other) => other !== entry) ?? []
      this.listeners.set(type, others)
    }
  }

  has(type: keyof Events): boolean {
    return (this.listeners.get(type)?.length ?? 0) > 0
  }

  emit<Type extends keyof Events>(type: Type, event: Events[Type]): void {
    const listeners = this.listeners.get(type) as readonly Listener<Events[Type]>[] | undefined
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
