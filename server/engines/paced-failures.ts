const FAILURE_MS_MIN = 250

/**
 * The store, with calls that fail no sooner than after a quarter of a second. Whoever calls it tries again without end,
 * as storage has to be called; when all of an engine's processes are known to be away, a call fails within a
 * microsecond, and trying again would be all that a node does.
 */
export function pacedFailures<Store extends object>(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        const began = performance.now()
        const result: unknown = member.apply(target, args)
        if (!(result instanceof Promise)) return result
        return result.catch(async (error: unknown) => {
          const early = FAILURE_MS_MIN - (performance.now() - began)
          if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
          throw error
        })
      }
    },
  })
}
