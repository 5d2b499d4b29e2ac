import { randomBytes } from 'node:crypto'
import { testEngine } from '@chat4all/protocol/testing'
import type { Client } from 'cassandra-driver'
import { connectCassandra } from './connection.js'

export interface TestKeyspace {
  readonly client: Client
  /** Makes these tables as good as new: truncated, since what was deleted at a timestamp would hide what comes later. */
  empty(tables: readonly string[]): Promise<void>
  close(): Promise<void>
}

/**
 * A keyspace for tests on the Cassandra that CHAT4ALL_TEST_CASSANDRA names, of this run alone.
 * @param purpose lower-case letters and _
 */
export async function testKeyspace(
  purpose: string,
  contactPoints: readonly string[] = [testEngine('CHAT4ALL_TEST_CASSANDRA')],
  replicationFactor = 1,
): Promise<TestKeyspace> {
  const keyspace = `test_${purpose}_${randomBytes(4).toString('hex')}`
  const options = { contactPoints, localDataCenter: 'datacenter1', keyspace, replicationFactor, requestMsMax: 20_000 }
  const client = await connectCassandra({ ...options, onRisk: (risk) => console.log(risk) })
  return {
    client,
    async empty(tables) {
      for (const table of tables) await client.execute(`TRUNCATE ${table}`, [], { prepare: false })
    },
    async close() {
      await client.execute(`DROP KEYSPACE ${keyspace}`, [], { prepare: false })
      await client.shutdown()
    },
  }
}
