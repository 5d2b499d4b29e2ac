import { auth, Client, type ClientOptions, policies, types } from 'cassandra-driver'
import { migrate } from './migrations.js'
import { closeRemovedHosts } from './removed-hosts.js'
import { settingsAtRisk } from './settings.js'

/** Making a table takes long on a small machine. */
const SET_UP_MS_MAX = 30_000
/** Long enough for a machine that is overloaded: giving up sooner and asking again would load it more. */
const REQUEST_MS_MAX = 5_000
/** A read, or a write of the same bytes again, that has no answer after so long is asked of a second coordinator as well. */
const SECOND_COORDINATOR_MS = 500

export interface CassandraOptions {
  /** `host:port`, all with the same port. */
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
  const setUp = new Client(clientOptions({ ...options, requestMsMax: SET_UP_MS_MAX }))
  try {
    await setUp.connect()
    for (const risk of await settingsAtRisk(setUp)) options.onRisk(risk)
    await requireReplicas(setUp, options)
    await migrate(setUp, options)
  } finally {
    // Also when it is half connected: its sockets would keep the process.
    await setUp.shutdown().catch(() => {})
  }
  return joinCassandra(options)
}

/** Connects to a keyspace that is there, and makes and checks nothing. */
export async function joinCassandra(options: Omit<CassandraOptions, 'replicationFactor' | 'onRisk'>): Promise<Client> {
  const client = new Client({ ...clientOptions(options), keyspace: options.keyspace })
  closeRemovedHosts(client)
  try {
    await client.connect()
  } catch (error) {
    await client.shutdown().catch(() => {})
    throw error
  }
  return client
}

/** A keyspace with more copies than processes would take no write, with an error that names neither. */
async function requireReplicas(client: Client, { keyspace, localDataCenter, replicationFactor }: CassandraOptions) {
  const { rows } = await client.execute(
    'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?',
    [keyspace],
    { consistency: types.consistencies.localOne },
  )
  const processes = client.hosts.values().filter(({ datacenter }) => datacenter === localDataCenter).length
  if (rows.length === 0 && processes < replicationFactor) {
    throw new Error(
      `the keyspace ${keyspace} is to have ${replicationFactor} copies of each row, and the data centre ${localDataCenter} has ${processes} Cassandra: lower the number of copies, or add processes`,
    )
  }
}

function clientOptions({
  contactPoints,
  localDataCenter,
  credentials,
  requestMsMax,
}: Omit<CassandraOptions, 'replicationFactor' | 'onRisk'>): ClientOptions {
  return {
    contactPoints: [...contactPoints],
    // Cassandra tells the driver where the other processes are without their ports.
    protocolOptions: { port: portOf(contactPoints[0]!) },
    localDataCenter,
    ...(credentials !== undefined && {
      authProvider: new auth.PlainTextAuthProvider(credentials.username, credentials.password),
    }),
    policies: {
      retry: new policies.retry.FallthroughRetryPolicy(),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(100, 2_000, true),
      // Only of what is marked as idempotent: a compare-and-set never is.
      speculativeExecution: new policies.speculativeExecution.ConstantSpeculativeExecutionPolicy(
        SECOND_COORDINATOR_MS,
        1,
      ),
    },
    socketOptions: {
      readTimeout: requestMsMax ?? REQUEST_MS_MAX,
      connectTimeout: 5_000,
      // A coordinator that leaves so many unanswered is taken for dead until it can be connected to again.
      defunctReadTimeoutThreshold: 16,
    },
    pooling: { maxRequestsPerConnection: 2_048 },
    queryOptions: {
      prepare: true,
      consistency: types.consistencies.localQuorum,
      serialConsistency: types.consistencies.localSerial,
    },
  }
}

function portOf(contactPoint: string): number {
  return Number(contactPoint.slice(contactPoint.lastIndexOf(':') + 1))
}
