import { createCluster } from 'redis'

export interface RedisOptions {
  /** Some of the cluster's processes, `host:port`; the others are learned from them. */
  readonly nodes: readonly string[]
  readonly password?: string | undefined
  /** It does not answer: told once, until it does. */
  readonly onAway?: (error: Error) => void
  readonly onBack?: (awayMs: number) => void
}

export type RedisCluster = ReturnType<typeof createCluster>

/** A Redis cluster that may be away: a hint or a counter that comes late is worth nothing, so nothing waits for it. */
export interface Redis {
  /**
   * Runs commands. Rejects after a second at most, and at once while Redis is known to be away; then it is tried again
   * every second, by one call.
   */
  run<Result>(commands: (cluster: RedisCluster) => Promise<Result>): Promise<Result>
  /** Since when it does not answer (`performance.now()`), and what it said last. */
  readonly away: { readonly since: number; readonly error: Error } | undefined
  /** Resolves at the first connection. */
  readonly connected: Promise<void>
  close(): Promise<void>
}

const COMMAND_MS_MAX = 1_000
const CONNECT_MS_MAX = 2_000
/** While it is away, one call in so long finds out whether it still is. */
const TRY_MS = 1_000

/** Connects in the background, and goes on trying: who starts a server before its Redis gets both. */
export function openRedis({ nodes, password, onAway, onBack }: RedisOptions): Redis {
  const cluster = createCluster({
    rootNodes: nodes.map((node) => ({ url: `redis://${node}` })),
    defaults: {
      ...(password !== undefined && { password }),
      disableOfflineQueue: true,
      socket: {
        connectTimeout: CONNECT_MS_MAX,
        reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 2_000),
      },
    },
  })
  // Each socket tells of each attempt; what matters is whether commands succeed.
  cluster.on('error', () => {})
  let away: Redis['away']
  let triedAt = Number.NEGATIVE_INFINITY
  let closed = false
  let retry: NodeJS.Timeout | undefined

  function failed(error: Error): void {
    if (closed) return
    if (away === undefined) onAway?.(error)
    away = { since: away?.since ?? performance.now(), error }
  }

  function succeeded(): void {
    if (away === undefined) return
    onBack?.(performance.now() - away.since)
    away = undefined
  }

  const connected = new Promise<void>((resolve) => {
    const connect = async (): Promise<void> => {
      try {
        await cluster.connect()
        succeeded()
        resolve()
      } catch (error) {
        failed(error as Error)
        if (!closed) retry = setTimeout(() => void connect(), TRY_MS)
      }
    }
    void connect()
  })

  return {
    connected,
    get away() {
      return away
    },
    async run(commands) {
      const now = performance.now()
      if (away !== undefined && now - triedAt < TRY_MS) throw away.error
      triedAt = now
      try {
        const result = await inTime(commands(cluster))
        succeeded()
        return result
      } catch (error) {
        failed(error as Error)
        throw error
      }
    },
    async close() {
      closed = true
      clearTimeout(retry)
      if (cluster.isOpen) cluster.destroy()
    },
  }
}

function inTime<Result>(commands: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`Redis did not answer within ${COMMAND_MS_MAX} ms`)),
      COMMAND_MS_MAX,
    )
    commands.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
