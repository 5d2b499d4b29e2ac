import { fileURLToPath } from 'node:url'
import { testKeyspace } from '../cassandra/test-keyspace.js'
import { cassandraMessageView } from './cassandra.js'
import { measureUnder, type ViewFigures, type ViewLoad } from './view-load.js'

/**
 * What the view costs in Cassandra: CPU of this process, and of a Cassandra on this machine whose pid is given. Run alone:
 * `CHAT4ALL_TEST_CASSANDRA=host:port node storage/dist/message-view/cassandra.bench.js [pid]`.
 */
export async function measureCassandraView(
  load: ViewLoad,
  cassandraMicros?: () => number | undefined,
): Promise<ViewFigures> {
  const keyspace = await testKeyspace('bench_message_view')
  try {
    return await measureUnder(cassandraMessageView(keyspace.client), load, cassandraMicros)
  } finally {
    await keyspace.close()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { cpuMicrosOf } = await import('../cassandra/process-cpu.js')
  const micros = cpuMicrosOf(process.argv[2])
  const loads: ViewLoad[] = [
    { conversations: 500, messagesPerApply: 1, messageBytes: 200, applies: 40 },
    { conversations: 500, messagesPerApply: 5, messageBytes: 200, applies: 20 },
    { conversations: 100, messagesPerApply: 50, messageBytes: 200, applies: 20 },
    { conversations: 1, messagesPerApply: 500, messageBytes: 200, applies: 100 },
  ]
  for (const load of loads) console.log(JSON.stringify(await measureCassandraView(load, micros)))
}
