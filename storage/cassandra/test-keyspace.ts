import type { Client } from 'cassandra-driver'
import { connectCassandra } from './connection.js'

const TABLES = [
  'logs',
  'log_entries',
  'log_ends',
  'log_cursors',
  'slots',
  'messages',
  'message_ids',
  'conversations',
  'members',
  'cursors',
  'user_conversations',
  'records',
]

/** A keyspace for tests on the Cassandra that CHAT4ALL_TEST_CASSANDRA names; `empty` makes it as good as new. */
export async function testKeyspace(
  keyspace: string,
): Promise<{ readonly client: Client; empty(): Promise<void>; close(): Promise<void> }> {
  const client = await connectCassandra({
    contactPoints: [process.env.CHAT4ALL_TEST_CASSANDRA ?? '127.0.0.1:9042'],
    localDataCenter: 'datacenter1',
    keyspace,
    replicationFactor: 1,
    requestMsMax: 20_000,
    onRisk: (risk) => console.log(risk),
  })
  return {
    client,
    async empty() {
      for (const table of TABLES) await client.execute(`TRUNCATE ${table}`, [], { prepare: false })
    },
    async close() {
      await client.execute(`DROP KEYSPACE ${keyspace}`, [], { prepare: false })
      await client.shutdown()
    },
  }
}
