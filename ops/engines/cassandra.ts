import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts } from './answers.js'
import { type Engine, type Instance, NEED } from './engine.js'
import { mavenLibraries } from './maven-libraries.js'
import { installFolder } from './paths.js'

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
export const cassandraAddress = (index: number) => `127.0.${10 + index}.1`
export const CASSANDRA_PORT = 19042
const STORAGE_PORT = 17000

/** One Cassandra, or three that replicate. Durable before it answers, logs only warnings (debug logs slow it down). */
export const cassandra: Engine = {
  name: 'cassandra',
  version: VERSION,
  needs: [NEED.java, NEED.maven],
  install: () =>
    mavenLibraries(folder(), [{ group: 'org.apache.cassandra', artifact: 'cassandra-all', version: VERSION }]),
  instances: ({ processes }) => Array.from({ length: processes }, (_, index) => instance(index)),
}

function instance(index: number): Instance {
  const address = cassandraAddress(index)
  return {
    name: `cassandra-${index + 1}`,
    endpoint: `${address}:${CASSANDRA_PORT}`,
    readyMsMax: 180_000,
    async prepare(at) {
      mkdirSync(join(at, 'data'), { recursive: true })
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
        '-Xms512m',
        '-XX:+UseG1GC',
        `-Dcassandra.config=file://${join(at, 'cassandra.yaml')}`,
        `-Dcassandra.storagedir=${join(at, 'data')}`,
        `-Dlogback.configurationFile=${join(at, 'logback.xml')}`,
        '-Dcassandra-foreground=yes',
        '-Dcassandra.ring_delay_ms=0',
        '-Dcassandra.skip_wait_for_gossip_to_settle=0',
        `-Dcassandra.jmx.local.port=${17199 + index}`,
        '-cp',
        join(folder(), 'libs', '*'),
        'org.apache.cassandra.service.CassandraDaemon',
      ],
    }),
    ready: () => accepts(CASSANDRA_PORT, address),
  }
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
native_transport_port: ${CASSANDRA_PORT}
storage_port: ${STORAGE_PORT}
ssl_storage_port: ${STORAGE_PORT + 1}
start_native_transport: true
concurrent_reads: 16
concurrent_writes: 16
auto_snapshot: false
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "${cassandraAddress(0)}:${STORAGE_PORT}"
data_file_directories: [${join(at, 'data', 'data')}]
commitlog_directory: ${join(at, 'data', 'commitlog')}
saved_caches_directory: ${join(at, 'data', 'saved_caches')}
hints_directory: ${join(at, 'data', 'hints')}
cdc_raw_directory: ${join(at, 'data', 'cdc')}
`
}
