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
  /** Runs commands. Rejects after a second at most, and at once while Redis is known to be away. */
  run<Result>(commands: (cluster: RedisCluster) => Promise<Result>): Promise<Result>
  /** Since when it does not answer (`performance.now()`), and what it said last. */
  readonly away: { readonly since: number; readonly error: Error } | undefined
  /** Resolves at the first connection. */
  readonly connected: Promise<void>
  close(): Promise<void>
}

const COMMAND_MS_MAX = 1_000
const CONNECT_MS_MAX = 2_000
const TRY_MS = 1_000
const WATCH_MS = 2_000
/** A client whose processes do not answer so many times makes way for one that asks the named ones where all are now. */
const TRIES_PER_CLIENT = 3

/** Connects in the background, and goes on trying: who starts a server before its Redis gets both. */
export function openRedis(options: RedisOptions): Redis {
  const { onAway, onBack } = options
  let cluster = clientOf(options)
  let away: Redis['away']
  let closed = false
  let retry: NodeJS.Timeout | undefined
  let reportConnected: () => void
  const connected = new Promise<void>((resolve) => {
    reportConnected = resolve
  })

  function failed(error: Error): void {
    if (closed) return
    if (away === undefined) {
      onAway?.(error)
      mendSoon(1)
    }
    away = { since: away?.since ?? performance.now(), error }
  }

  function mendSoon(tries: number): void {
    retry = setTimeout(() => void mend(tries), TRY_MS)
  }

  async function mend(tries: number): Promise<void> {
    try {
      if (tries % TRIES_PER_CLIENT === 0 || !cluster.isOpen) {
        if (cluster.isOpen) cluster.destroy()
        cluster = clientOf(options)
        await cluster.connect()
      }
      await inTime(everyPrimaryAnswers(cluster))
    } catch (error) {
      if (closed) return
      away = { since: away!.since, error: error as Error }
      return mendSoon(tries + 1)
    }
    if (closed) return cluster.destroy()
    onBack?.(performance.now() - away!.since)
    away = undefined
    reportConnected()
  }

  cluster.connect().then(() => reportConnected(), failed)
  // So that it is found out here, rather than by the next user who connects.
  const watching = setInterval(() => {
    if (away === undefined && cluster.isOpen) inTime(everyPrimaryAnswers(cluster)).catch(failed)
  }, WATCH_MS)
  watching.unref()

  return {
    connected,
    get away() {
      return away
    },
    async run(commands) {
      if (away !== undefined) throw away.error
      try {
        return await inTime(commands(cluster))
      } catch (error) {
        failed(error as Error)
        throw error
      }
    },
    async close() {
      closed = true
      clearTimeout(retry)
      clearInterval(watching)
      if (cluster.isOpen) cluster.destroy()
    },
  }
}

function clientOf({ nodes, password }: RedisOptions): RedisCluster {
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
  return cluster
}

async function everyPrimaryAnswers(cluster: RedisCluster): Promise<void> {
  await Promise.all(
    cluster.masters.map(async (primary) => {
      const client = await cluster.nodeClient(primary)
      await client.ping()
    }),
  )
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
