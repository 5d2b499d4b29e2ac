import { fileURLToPath } from 'node:url'
import type { LogId, Offset } from '@chat4all/protocol'
import { testKeyspace } from '../cassandra/test-keyspace.js'
import { cassandraNodeLogs } from './cassandra.js'

/**
 * What a commit costs in Cassandra: an append, and the seal check that begins after it. CPU is that of this process;
 * `cassandraPid` adds that of a Cassandra on this machine. Run alone:
 * `CHAT4ALL_TEST_CASSANDRA=host:port node storage/dist/node-log/cassandra.bench.js [pid]`.
 */
export interface CommitFigures {
  readonly entryBytes: number
  readonly inFlight: number
  readonly commitsPerSecond: number
  readonly appendP50Ms: number
  readonly appendP99Ms: number
  readonly checkP50Ms: number
  readonly checkP99Ms: number
  readonly commitP50Ms: number
  readonly commitP99Ms: number
  /** Of an append and a check. */
  readonly cpuMicrosPerCommit: number
  readonly cassandraMicrosPerCommit: number | undefined
}

export async function measureCommits(
  entryBytes: number,
  inFlight: number,
  count: number,
  cassandraMicros: () => number | undefined = () => undefined,
): Promise<CommitFigures> {
  const keyspace = await testKeyspace('bench_node_log')
  try {
    const logs = cassandraNodeLogs(keyspace.client)
    const log = 'bench' as LogId
    const entry = Buffer.alloc(entryBytes, 'some bytes of a message')
    await logs.open(log)
    const append: number[] = []
    const check: number[] = []
    const commit: number[] = []
    let next = 0
    const commitInTurn = async (until: number) => {
      while (next < until) {
        const begun = performance.now()
        await logs.append(log, next++ as Offset, entry)
        const appended = performance.now()
        if (await logs.isSealed(log)) throw new Error('the log of the bench is sealed')
        const checked = performance.now()
        append.push(appended - begun)
        check.push(checked - appended)
        commit.push(checked - begun)
      }
    }
    const all = (until: number) => Promise.all(Array.from({ length: inFlight }, () => commitInTurn(until)))
    await all(Math.ceil(count / 4))
    for (const latencies of [append, check, commit]) latencies.length = 0
    const from = next
    const cassandraBefore = cassandraMicros()
    const cpu = process.cpuUsage()
    const begun = performance.now()
    await all(from + count)
    const tookMs = performance.now() - begun
    const { user, system } = process.cpuUsage(cpu)
    const cassandraAfter = cassandraMicros()
    for (const latencies of [append, check, commit]) latencies.sort((a, b) => a - b)
    const at = (latencies: number[], part: number) => latencies[Math.floor(latencies.length * part)]!
    return {
      entryBytes,
      inFlight,
      commitsPerSecond: (count * 1_000) / tookMs,
      appendP50Ms: at(append, 0.5),
      appendP99Ms: at(append, 0.99),
      checkP50Ms: at(check, 0.5),
      checkP99Ms: at(check, 0.99),
      commitP50Ms: at(commit, 0.5),
      commitP99Ms: at(commit, 0.99),
      cpuMicrosPerCommit: (user + system) / count,
      cassandraMicrosPerCommit: cassandraBefore === undefined ? undefined : (cassandraAfter! - cassandraBefore) / count,
    }
  } finally {
    await keyspace.close()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { cpuMicrosOf } = await import('../cassandra/process-cpu.js')
  const micros = cpuMicrosOf(process.argv[2])
  for (const [entryBytes, inFlight] of [
    [400, 1],
    [4_096, 1],
    [4_096, 2],
    [4_096, 4],
    [65_536, 4],
  ] as const) {
    console.log(JSON.stringify(await measureCommits(entryBytes, inFlight, 2_000, micros)))
  }
}
