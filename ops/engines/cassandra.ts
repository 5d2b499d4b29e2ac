import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts } from './answers.js'
import type { Engine, Instance } from './engine.js'
import { mavenLibraries } from './maven-libraries.js'
import { NEED } from './needs.js'
import { installFolder, runFolder } from './paths.js'
import { port } from './ports.js'
import { run } from './run-command.js'

const VERSION = '5.0.4'
const folder = () => installFolder('cassandra', VERSION)

/** What Cassandra's own jvm17 options open for it. */
const JVM_OPTIONS = [
  '-Djdk.attach.allowAttachSelf=true',
  '--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED',
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-exports=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-exports=java.management.rmi/com.sun.jmx.remote.internal.rmi=ALL-UNNAMED',
  '--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED',
  '--add-exports=java.rmi/sun.rmi.server=ALL-UNNAMED',
  '--add-exports=java.rmi/sun.rmi.transport.tcp=ALL-UNNAMED',
  '--add-exports=java.sql/java.sql=ALL-UNNAMED',
  '--add-exports=java.base/java.lang.ref=ALL-UNNAMED',
  '--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED',
  '--add-exports=jdk.attach/sun.tools.attach=ALL-UNNAMED',
  '--add-opens=java.base/java.lang.module=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.loader=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.reflect=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.math=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.module=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.util.jar=ALL-UNNAMED',
  '--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-opens=java.base/java.io=ALL-UNNAMED',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--add-opens=java.base/java.lang.reflect=ALL-UNNAMED',
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-opens=java.base/java.util.concurrent=ALL-UNNAMED',
  '--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
]

/** Each process has an address of its own: Cassandra tells its peers apart by address, and all share the ports. */
const cassandraAddress = (index: number) => `127.0.${10 + index}.1`
const endpoint = (index: number) => `${cassandraAddress(index)}:${port('cassandra')}`
const PROCESSES_MAX = 3
const AGREE_MS_MAX = 120_000
const POLL_MS = 500
/** How long one that joins waits for a seed to answer: a busy machine needs seconds. The first has nobody to wait for. */
const JOIN_MS = 15_000

/** One Cassandra, or three that replicate. Durable before it answers, logs only warnings (debug logs slow it down). */
export const cassandra: Engine = {
  name: 'cassandra',
  version: VERSION,
  needs: [NEED.java17, NEED.maven],
  processesMax: PROCESSES_MAX,
  isInstalled: () => existsSync(folder()),
  install: () =>
    mavenLibraries(folder(), [{ group: 'org.apache.cassandra', artifact: 'cassandra-all', version: VERSION }]),
  instances: ({ processes }) => Array.from({ length: processes }, (_, index) => instance(index)),
  afterStart: ({ processes }) => (processes > 1 ? untilAllAreUp(processes) : Promise.resolve()),
  testVariables: ({ processes }) => ({
    CHAT4ALL_TEST_CASSANDRA: endpoint(0),
    ...(processes === PROCESSES_MAX && { CHAT4ALL_TEST_CASSANDRA_3: [0, 1, 2].map(endpoint).join(',') }),
  }),
}

function instance(index: number): Instance {
  const address = cassandraAddress(index)
  return {
    name: `cassandra-${index + 1}`,
    endpoint: endpoint(index),
    listens: [
      ...['cassandra', 'cassandra-storage'].map((name) => `${address}:${port(name)}`),
      `127.0.0.1:${port(`cassandra-jmx-${index + 1}`)}`,
    ],
    readyMsMax: 180_000,
    async prepare(at) {
      mkdirSync(join(at, 'data'), { recursive: true })
      mkdirSync(join(at, 'temporary'), { recursive: true })
      writeFileSync(join(at, 'cassandra.yaml'), settings(at, address))
      writeFileSync(
        join(at, 'logback.xml'),
        '<configuration><appender name="OUT" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%date %-5level %logger{20} %msg%n</pattern></encoder></appender><root level="WARN"><appender-ref ref="OUT"/></root></configuration>',
      )
    },
    command: (at) => ({
      program: 'java',
      args: [
        ...JVM_OPTIONS,
        '-Xmx1g',
        // A heap that grows makes many short collections at first.
        '-Xms1g',
        '-XX:+UseG1GC',
        // What it unpacks there stays when it is killed.
        `-Djava.io.tmpdir=${join(at, 'temporary')}`,
        `-Dcassandra.config=file://${join(at, 'cassandra.yaml')}`,
        `-Dcassandra.storagedir=${join(at, 'data')}`,
        `-Dlogback.configurationFile=${join(at, 'logback.xml')}`,
        '-Dcassandra-foreground=yes',
        `-Dcassandra.ring_delay_ms=${index === 0 ? 0 : JOIN_MS}`,
        '-Dcassandra.skip_wait_for_gossip_to_settle=0',
        `-Dcassandra.jmx.local.port=${port(`cassandra-jmx-${index + 1}`)}`,
        '-cp',
        join(folder(), 'libs', '*'),
        'org.apache.cassandra.service.CassandraDaemon',
      ],
    }),
    ready: () => accepts(port('cassandra'), address),
  }
}

/** Each process answers by itself before it knows that the others do; a write at QUORUM in between would fail. */
async function untilAllAreUp(processes: number): Promise<void> {
  const until = Date.now() + AGREE_MS_MAX
  for (;;) {
    const views = await Promise.all(
      Array.from({ length: processes }, (_, index) =>
        nodesUp(index).catch((error: Error) => error.message.split('\n').at(-1)),
      ),
    )
    if (views.every((view) => view === processes)) return
    if (Date.now() > until) {
      throw new Error(`the Cassandras do not agree that all ${processes} are up; they see ${views.join(', ')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** How many processes one of them sees up and in the ring. */
async function nodesUp(index: number): Promise<number> {
  const output = await run('java', [
    ...JVM_OPTIONS,
    '-Xmx64m',
    `-Duser.home=${installFolder('cassandra', VERSION)}`,
    `-Dlogback.configurationFile=${join(runFolder(`cassandra-${index + 1}`), 'logback.xml')}`,
    '-cp',
    join(folder(), 'libs', '*'),
    'org.apache.cassandra.tools.NodeTool',
    ...['-h', '127.0.0.1', '-p', String(port(`cassandra-jmx-${index + 1}`)), 'status'],
  ])
  return output.split('\n').filter((line) => line.startsWith('UN ')).length
}

function settings(at: string, address: string): string {
  return `
cluster_name: chat4all
num_tokens: 1
allocate_tokens_for_local_replication_factor: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: group
commitlog_sync_group_window: 1ms
commitlog_segment_size: 16MiB
paxos_variant: v2
endpoint_snitch: SimpleSnitch
listen_address: ${address}
rpc_address: ${address}
native_transport_port: ${port('cassandra')}
storage_port: ${port('cassandra-storage')}
ssl_storage_port: ${port('cassandra-storage-tls')}
start_native_transport: true
concurrent_reads: 16
concurrent_writes: 16
auto_snapshot: false
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "${cassandraAddress(0)}:${port('cassandra-storage')}"
data_file_directories: [${join(at, 'data', 'data')}]
commitlog_directory: ${join(at, 'data', 'commitlog')}
saved_caches_directory: ${join(at, 'data', 'saved_caches')}
hints_directory: ${join(at, 'data', 'hints')}
cdc_raw_directory: ${join(at, 'data', 'cdc')}
`
}
