import { accepts } from './answers.js'
import type { Engine, Instance } from './engine.js'
import { hasProgram, run } from './run-command.js'

const FIRST_PORT = 17101
const PROCESSES = 6
const ports = Array.from({ length: PROCESSES }, (_, index) => FIRST_PORT + index)

/** A Redis cluster: three primaries, a replica for each. */
export const redis: Engine = {
  name: 'redis',
  version: '7.0',
  needs: [],
  async install(log) {
    if (hasProgram('redis-server') && hasProgram('redis-cli')) return
    if (!hasProgram('apt-get') || process.getuid?.() !== 0)
      throw new Error('redis-server is missing: install Redis 7 (Debian: apt-get install redis-server)')
    log('apt-get install redis-server')
    await run('apt-get', ['update', '-qq'])
    const environment = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server', 'redis-tools'], {
      environment,
    })
  },
  instances: () => ports.map(instance),
  async afterStart() {
    const state = await run('redis-cli', ['-p', String(FIRST_PORT), 'cluster', 'info'])
    if (/cluster_known_nodes:1\b/.test(state)) {
      const nodes = ports.map((port) => `127.0.0.1:${port}`)
      await run('redis-cli', ['--cluster', 'create', ...nodes, '--cluster-replicas', '1', '--cluster-yes'])
    }
    for (let tries = 0; tries < 100; tries++) {
      if ((await run('redis-cli', ['-p', String(FIRST_PORT), 'cluster', 'info'])).includes('cluster_state:ok')) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error('the Redis cluster did not form within 10 s')
  },
}

function instance(port: number): Instance {
  return {
    name: `redis-${port}`,
    endpoint: `127.0.0.1:${port}`,
    readyMsMax: 20_000,
    async prepare() {},
    command: (at) => ({
      program: 'redis-server',
      args: [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--dir',
        at,
        '--cluster-enabled',
        'yes',
        '--cluster-node-timeout',
        '2000',
        '--appendonly',
        'yes',
        '--save',
        '',
        '--cluster-require-full-coverage',
        'no',
      ],
    }),
    ready: () => accepts(port),
  }
}
