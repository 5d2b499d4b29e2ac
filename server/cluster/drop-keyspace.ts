import { joinCassandra } from '@chat4all/storage/cassandra'

const DROP_MS_MAX = 60_000

/** Deletes a keyspace that a suite made, with everything in it. */
export async function dropKeyspace(contactPoints: readonly string[], keyspace: string): Promise<void> {
  const client = await joinCassandra({
    contactPoints,
    localDataCenter: 'datacenter1',
    keyspace,
    requestMsMax: DROP_MS_MAX,
  })
  try {
    await client.execute(`DROP KEYSPACE ${keyspace}`, [], { prepare: false })
  } finally {
    await client.shutdown()
  }
}
