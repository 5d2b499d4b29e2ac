import { createCluster } from 'redis'

export interface RedisOptions {
  /** Some of the cluster's processes, `host:port`; the others are learned from them. */
  readonly nodes: readonly string[]
  readonly password?: string
  readonly onFault: (error: Error) => void
}

export type RedisCluster = ReturnType<typeof createCluster>

const REQUEST_MS_MAX = 2_000

/**
 * Connects to a Redis cluster. Commands do not wait while it is away: what Redis holds are hints and counters, and a
 * late one is worth nothing.
 */
export async function connectRedis({ nodes, password, onFault }: RedisOptions): Promise<RedisCluster> {
  const cluster = createCluster({
    rootNodes: nodes.map((node) => ({ url: `redis://${node}` })),
    defaults: {
      ...(password !== undefined && { password }),
      disableOfflineQueue: true,
      socket: { connectTimeout: REQUEST_MS_MAX, reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 2_000) },
    },
  })
  cluster.on('error', onFault)
  await cluster.connect()
  return cluster
}
