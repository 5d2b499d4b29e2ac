import { after } from 'node:test'
import { testKeyspace } from '../cassandra/test-keyspace.js'
import { cassandraSlotTable } from './cassandra.js'
import { slotTableContract } from './contract.js'

const keyspace = await testKeyspace('slot_table')
after(() => keyspace.close())

slotTableContract(
  'Cassandra',
  async () => {
    await keyspace.empty(['slots'])
    return cassandraSlotTable(keyspace.client)
  },
  async () => cassandraSlotTable(keyspace.client),
)
