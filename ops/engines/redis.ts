import { existsSync } from 'node:fs'
import { accepts } from './answers.js'
import { debianPrograms, libraryPath, unpacked } from './debian-programs.js'
import type { Engine, Instance } from './engine.js'
import { programOrApt } from './needs.js'
import { installFolder } from './paths.js'
import { port } from './ports.js'
import { hasProgram, run } from './run-command.js'

const VERSION = '7.0'
const PROCESSES = 6
const FORM_MS_MAX = 20_000
const POLL_MS = 100
const folder = () => installFolder('redis', VERSION)
const isOnMachine = () => hasProgram('redis-server') && hasProgram('redis-cli')
const ports = () => Array.from({ length: PROCESSES }, (_, index) => port(`redis-${index + 1}`))

/** A Redis cluster: three primaries, a replica for each. The machine's own programs, or those of Debian's packages. */
export const redis: Engine = {
  name: 'redis',
  version: VERSION,
  needs: ['redis-server', 'redis-cli'].map((program) => programOrApt(program, 'Redis 7 (server and redis-cli)')),
  isInstalled: () => isOnMachine() || existsSync(folder()),
  install: () => debianPrograms(folder(), ['redis-server', 'redis-tools']),
  instances: () => ports().map(instance),
  testVariables: () => ({ CHAT4ALL_TEST_REDIS: `127.0.0.1:${port('redis-1')}` }),
  async afterStart() {
    const first = ports()[0]!
    if (/cluster_known_nodes:1\b/.test(await client('-p', String(first), 'cluster', 'info'))) {
      const nodes = ports().map((at) => `127.0.0.1:${at}`)
      await client('--cluster', 'create', ...nodes, '--cluster-replicas', '1', '--cluster-yes')
    }
    const until = Date.now() + FORM_MS_MAX
    while (!(await agree())) {
      if (Date.now() > until) throw new Error(`the Redis cluster did not form within ${FORM_MS_MAX / 1000} s`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  },
}

/** Whether every process knows that all slots have an owner; one that lags would send clients the wrong way. */
async function agree(): Promise<boolean> {
  const states = await Promise.all(ports().map((at) => client('-p', String(at), 'cluster', 'info')))
  return states.every((state) => state.includes('cluster_state:ok'))
}

function client(...args: readonly string[]): Promise<string> {
  const { program, environment } = found('redis-cli')
  return run(program, args, { environment })
}

function found(program: string) {
  return isOnMachine()
    ? { program, environment: {} }
    : { program: unpacked(folder(), program), environment: libraryPath(folder()) }
}

function instance(at: number, index: number): Instance {
  const busPort = port(`redis-bus-${index + 1}`)
  return {
    name: `redis-${at}`,
    endpoint: `127.0.0.1:${at}`,
    listens: [`127.0.0.1:${at}`, `127.0.0.1:${busPort}`],
    readyMsMax: 20_000,
    async prepare() {},
    command: (runsIn) => ({
      ...found('redis-server'),
      args: [
        ...['--port', String(at)],
        ...['--bind', '127.0.0.1'],
        ...['--dir', runsIn],
        ...['--cluster-enabled', 'yes'],
        ...['--cluster-port', String(busPort)],
        ...['--cluster-node-timeout', '2000'],
        ...['--appendonly', 'yes'],
        ...['--save', ''],
        ...['--cluster-require-full-coverage', 'no'],
      ],
    }),
    ready: () => accepts(at),
  }
}
