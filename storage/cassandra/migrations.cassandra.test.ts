import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testEngine } from '@chat4all/protocol/testing'
import { connectCassandra } from './connection.js'

const options = {
  contactPoints: [testEngine('CHAT4ALL_TEST_CASSANDRA')],
  localDataCenter: 'datacenter1',
  keyspace: `migrations_${Math.random().toString(36).slice(2, 8)}`,
  replicationFactor: 1,
  requestMsMax: 20_000,
  onRisk: () => {},
}

test('nodes that start at once on an empty Cassandra all find the tables, and so does one that comes later', async () => {
  const clients = await Promise.all(Array.from({ length: 5 }, () => connectCassandra(options)))
  clients.push(await connectCassandra(options))
  try {
    for (const client of clients) {
      await client.execute('SELECT * FROM slots WHERE ring = 0')
      await client.execute("SELECT * FROM records WHERE kind = 'k' AND partition_name = 'p'")
    }
    const table = 'SELECT compaction FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?'
    const [entries] = (await clients[0]!.execute(table, [options.keyspace, 'log_entries'])).rows
    assert.match(String(entries?.compaction.class), /LeveledCompactionStrategy$/)
    const { rows } = await clients[0]!.execute('SELECT id, holder FROM schema_steps', [], { prepare: false })
    assert.deepEqual(
      rows.filter(({ holder }) => holder !== null),
      [],
    )
  } finally {
    await clients[0]!.execute(`DROP KEYSPACE ${options.keyspace}`, [], { prepare: false })
    await Promise.all(clients.map((client) => client.shutdown()))
  }
})

test('a keyspace whose name could be read otherwise is refused', async () => {
  await assert.rejects(
    connectCassandra({ ...options, keyspace: 'Chat4All; DROP KEYSPACE x' }),
    /is not a name of lower-case letters/,
  )
})
