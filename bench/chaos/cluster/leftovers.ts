import { Client } from 'cassandra-driver'

/** Drops the keyspace of a run that has ended: its name is its own, and engines are kept for the next. */
export async function dropKeyspace(contactPoints: readonly string[], keyspace: string): Promise<void> {
  const client = new Client({
    contactPoints: [...contactPoints],
    localDataCenter: 'datacenter1',
    socketOptions: { readTimeout: 30_000 },
  })
  try {
    await client.connect()
    await client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`)
  } finally {
    await client.shutdown()
  }
}
