import { after } from 'node:test'
import { testKeyspace } from '../cassandra/test-keyspace.js'
import { cassandraMessageView } from './cassandra.js'
import { messageViewContract } from './contract.js'

const TABLES = ['messages', 'message_ids', 'conversations', 'members', 'cursors', 'user_conversations']
const keyspace = await testKeyspace('message_view')
after(() => keyspace.close())

// Expiries of the contract are times near 0: a clock that stands there, too.
const open = async () => cassandraMessageView(keyspace.client, { now: () => 0 })

messageViewContract(
  'Cassandra',
  async () => {
    await keyspace.empty(TABLES)
    return open()
  },
  open,
  { sweeps: false },
)
