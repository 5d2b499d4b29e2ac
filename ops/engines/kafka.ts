import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts } from './answers.js'
import type { Engine } from './engine.js'
import { mavenLibraries } from './maven-libraries.js'
import { NEED } from './needs.js'
import { installFolder } from './paths.js'
import { port } from './ports.js'
import { run } from './run-command.js'

const VERSION = '4.3.1'
const folder = () => installFolder('kafka', VERSION)
const endpoint = () => `127.0.0.1:${port('kafka')}`
const controller = () => `127.0.0.1:${port('kafka-controller')}`
const classpath = () => join(folder(), 'libs', '*')

/** One Kafka in KRaft mode, broker and controller in one process. */
export const kafka: Engine = {
  name: 'kafka',
  version: VERSION,
  needs: [NEED.java, NEED.maven],
  isInstalled: () => existsSync(folder()),
  install: () =>
    mavenLibraries(folder(), [
      { group: 'org.apache.kafka', artifact: 'kafka_2.13', version: VERSION },
      { group: 'org.apache.kafka', artifact: 'kafka-tools', version: VERSION },
      { group: 'org.apache.logging.log4j', artifact: 'log4j-slf4j-impl', version: '2.25.1' },
    ]),
  testVariables: () => ({ CHAT4ALL_TEST_KAFKA: endpoint() }),
  instances: () => [
    {
      name: 'kafka',
      endpoint: endpoint(),
      listens: [endpoint(), controller()],
      readyMsMax: 60_000,
      async prepare(at) {
        mkdirSync(join(at, 'temporary'), { recursive: true })
        writeFileSync(
          join(at, 'server.properties'),
          [
            'process.roles=broker,controller',
            'node.id=1',
            `controller.quorum.voters=1@${controller()}`,
            `listeners=PLAINTEXT://${endpoint()},CONTROLLER://${controller()}`,
            `advertised.listeners=PLAINTEXT://${endpoint()}`,
            'controller.listener.names=CONTROLLER',
            'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
            `log.dirs=${join(at, 'data')}`,
            'offsets.topic.replication.factor=1',
            'transaction.state.log.replication.factor=1',
            'transaction.state.log.min.isr=1',
            'group.initial.rebalance.delay.ms=0',
            'num.partitions=8',
            'offsets.topic.num.partitions=4',
          ].join('\n'),
        )
        if (existsSync(join(at, 'data', 'meta.properties'))) return
        const output = await run('java', ['-cp', classpath(), 'kafka.tools.StorageTool', 'random-uuid'])
        const id = output.trim().split('\n').at(-1) ?? ''
        await run('java', [
          '-cp',
          classpath(),
          'kafka.tools.StorageTool',
          'format',
          '-t',
          id,
          '-c',
          join(at, 'server.properties'),
        ])
      },
      command: (at) => ({
        program: 'java',
        args: [
          '-Xmx512m',
          '-Xms256m',
          // What it unpacks there stays when it is killed.
          `-Djava.io.tmpdir=${join(at, 'temporary')}`,
          '-cp',
          classpath(),
          'kafka.Kafka',
          join(at, 'server.properties'),
        ],
      }),
      ready: () => accepts(port('kafka')),
    },
  ],
}
