import { after } from 'node:test'
import { testKeyspace } from '../cassandra/test-keyspace.js'
import { cassandraRecords } from '../records/cassandra.js'
import { filesContract } from './contract.js'

const keyspace = await testKeyspace('files')
after(() => keyspace.close())

filesContract('Cassandra', async () => {
  await keyspace.empty(['records'])
  return cassandraRecords(keyspace.client)
})
