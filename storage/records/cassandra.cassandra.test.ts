import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testKeyspace } from '../cassandra/test-keyspace.js'
import { cassandraRecords } from './cassandra.js'
import { recordsContract } from './contract.js'

const keyspace = await testKeyspace('records')
after(() => keyspace.close())

recordsContract(
  'Cassandra',
  async () => {
    await keyspace.empty(['records'])
    return cassandraRecords(keyspace.client)
  },
  // Cassandra's own clock decides when a record has expired.
  { reopen: async () => cassandraRecords(keyspace.client), pass: (seconds) => sleep(seconds * 1_000) },
)
