/** What a cluster keeps in Cassandra. */
export { type CassandraOptions, connectCassandra, joinCassandra } from '../cassandra/connection.js'
export { cassandraMessageView } from '../message-view/cassandra.js'
export { cassandraNodeLogs } from '../node-log/cassandra.js'
export { cassandraRecords } from '../records/cassandra.js'
export { cassandraSlotTable } from '../slot-table/cassandra.js'
