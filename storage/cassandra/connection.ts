import { auth, Client, type ClientOptions, policies, types } from 'cassandra-driver'
import { migrate } from './migrations.js'
import { settingsAtRisk } from './settings.js'

export interface CassandraOptions {
  readonly contactPoints: readonly string[]
  readonly localDataCenter: string
  readonly keyspace: string
  /** Copies of each row in the local data centre: 3 in production, 1 with a single process. */
  readonly replicationFactor: number
  readonly credentials?: { readonly username: string; readonly password: string }
  /** Milliseconds until a request counts as failed, with an unknown outcome. */
  readonly requestMsMax?: number
  /** Told what the engine's settings put at risk, one line each. */
  readonly onRisk: (risk: string) => void
}

/**
 * Connects, checks the settings that safety needs, and brings the tables up to date.
 *
 * Consistency is LOCAL_QUORUM for every read and write: seal and check need one quorum in common. The driver never
 * retries by itself: a compare-and-set whose outcome is unknown must be read, not repeated, and the core repeats the
 * rest.
 */
export async function connectCassandra(options: CassandraOptions): Promise<Client> {
  const setUp = new Client(clientOptions(options))
  try {
    await setUp.connect()
    for (const risk of await settingsAtRisk(setUp)) options.onRisk(risk)
    await migrate(setUp, options)
  } finally {
    await setUp.shutdown()
  }
  const client = new Client({ ...clientOptions(options), keyspace: options.keyspace })
  await client.connect()
  return client
}

function clientOptions({ contactPoints, localDataCenter, credentials, requestMsMax }: CassandraOptions): ClientOptions {
  return {
    contactPoints: [...contactPoints],
    localDataCenter,
    ...(credentials !== undefined && {
      authProvider: new auth.PlainTextAuthProvider(credentials.username, credentials.password),
    }),
    policies: {
      retry: new policies.retry.FallthroughRetryPolicy(),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(100, 5_000, true),
    },
    socketOptions: { readTimeout: requestMsMax ?? 5_000, connectTimeout: 5_000 },
    pooling: { maxRequestsPerConnection: 2_048 },
    queryOptions: {
      prepare: true,
      consistency: types.consistencies.localQuorum,
      serialConsistency: types.consistencies.localSerial,
    },
  }
}
