import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from './engine.js'
import { goProgram } from './go-program.js'
import { NEED } from './needs.js'
import { installFolder } from './paths.js'
import { port } from './ports.js'

/** The last line under MPL-2.0 whose sub-modules the checksum database knows. */
const VERSION = '1.14.4'
const folder = () => installFolder('consul', VERSION)
const url = () => `http://127.0.0.1:${port('consul')}`

/** One Consul server with a data folder: what it was told survives a restart. Its UI stands at /ui. */
export const consul: Engine = {
  name: 'consul',
  version: VERSION,
  needs: [NEED.go],
  isInstalled: () => existsSync(folder()),
  install: () =>
    goProgram(folder(), {
      module: 'github.com/hashicorp/consul',
      version: `v${VERSION}`,
      binary: 'consul',
      go: '1.19',
      ldflags: '-checklinkname=0',
    }),
  testVariables: () => ({ CHAT4ALL_TEST_CONSUL: url() }),
  instances: () => [
    {
      name: 'consul',
      endpoint: url(),
      listens: ['consul', 'consul-serf', 'consul-server'].map((name) => `127.0.0.1:${port(name)}`),
      readyMsMax: 60_000,
      async prepare(at) {
        mkdirSync(join(at, 'data'), { recursive: true })
        const settings = {
          server: true,
          bootstrap_expect: 1,
          data_dir: join(at, 'data'),
          bind_addr: '127.0.0.1',
          client_addr: '127.0.0.1',
          node_name: 'consul',
          ui_config: { enabled: true },
          log_level: 'warn',
          leave_on_terminate: false,
          performance: { raft_multiplier: 1 },
          ports: {
            http: port('consul'),
            server: port('consul-server'),
            serf_lan: port('consul-serf'),
            serf_wan: -1,
            dns: -1,
            grpc: -1,
            grpc_tls: -1,
          },
        }
        writeFileSync(join(at, 'consul.json'), JSON.stringify(settings, null, 2))
      },
      command: (at) => ({
        program: join(folder(), 'consul'),
        args: ['agent', `-config-file=${join(at, 'consul.json')}`],
      }),
      async ready() {
        const response = await fetch(`${url()}/v1/status/leader`, { signal: AbortSignal.timeout(2000) })
        return response.ok && (await response.text()) !== '""'
      },
    },
  ],
}
