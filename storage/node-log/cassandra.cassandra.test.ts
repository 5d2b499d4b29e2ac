import { after } from 'node:test'
import { testKeyspace } from '../cassandra/test-keyspace.js'
import { cassandraNodeLogs } from './cassandra.js'
import { nodeLogContract } from './contract.js'

const TABLES = ['logs', 'logs_kept', 'log_entries', 'log_ends', 'log_cursors']
const keyspace = await testKeyspace('node_log')
after(() => keyspace.close())

nodeLogContract(
  'Cassandra',
  async () => {
    await keyspace.empty(TABLES)
    return cassandraNodeLogs(keyspace.client)
  },
  async () => cassandraNodeLogs(keyspace.client),
)
