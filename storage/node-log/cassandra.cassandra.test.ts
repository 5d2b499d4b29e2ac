import { after } from 'node:test'
import { testKeyspace } from '../cassandra/test-keyspace.js'
import { cassandraNodeLogs } from './cassandra.js'
import { nodeLogContract } from './contract.js'

const keyspace = await testKeyspace('contract_node_log')
after(() => keyspace.close())

nodeLogContract(
  'Cassandra',
  async () => {
    await keyspace.empty()
    return cassandraNodeLogs(keyspace.client)
  },
  async () => cassandraNodeLogs(keyspace.client),
)
