import {
  type DirectoryStore,
  type MessageView,
  type NodeLogs,
  type Records,
  recordsDirectory,
  type SlotTable,
} from '@chat4all/storage'
import type { Config } from '../config/settings.js'
import type { RoleContext } from '../roles/role.js'
import type { Teardown } from '../roles/teardown.js'
import type { Engine, EngineHealth } from './engine-health.js'

/** What a cluster keeps in Cassandra. */
export interface CassandraStorage {
  readonly logs: NodeLogs
  readonly view: MessageView
  readonly slots: SlotTable
  readonly records: Records
  readonly directory: DirectoryStore
}

export function cassandraEngine({ cassandra }: Config): Engine {
  return { name: 'Cassandra', where: (cassandra ?? []).join(',') }
}

/** Connects, makes what is missing, and waits for a Cassandra that is not there yet. */
export async function openCassandraStorage(
  { config, logger }: RoleContext,
  health: EngineHealth,
  teardown: Teardown,
): Promise<CassandraStorage> {
  const { cassandraMessageView, cassandraNodeLogs, cassandraRecords, cassandraSlotTable, connectCassandra } =
    await import('@chat4all/storage/cassandra')
  const { cassandraUsername: username, cassandraPassword: password } = config
  const told = new Set<string>()
  const client = await health.until(cassandraEngine(config), () =>
    connectCassandra({
      contactPoints: config.cassandra!,
      localDataCenter: config.cassandraDatacenter,
      keyspace: config.cassandraKeyspace,
      replicationFactor: config.cassandraReplication,
      ...(username !== undefined && password !== undefined && { credentials: { username, password } }),
      onRisk(risk) {
        if (!told.has(risk)) logger.warn({ engine: 'Cassandra' }, risk)
        told.add(risk)
      },
    }),
  )
  teardown.add(() => client.shutdown())
  const records = cassandraRecords(client)
  return {
    logs: cassandraNodeLogs(client),
    view: cassandraMessageView(client),
    slots: cassandraSlotTable(client),
    records,
    directory: recordsDirectory(records),
  }
}
