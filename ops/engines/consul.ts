import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Engine, NEED } from './engine.js'
import { goProgram } from './go-program.js'
import { installFolder } from './paths.js'

/** The last line under MPL-2.0 whose sub-modules the checksum database knows. */
const VERSION = '1.14.4'
const HTTP = 18500
const folder = () => installFolder('consul', VERSION)

/** One Consul server with a data folder: what it was told survives a restart. Its UI stands at /ui. */
export const consul: Engine = {
  name: 'consul',
  version: VERSION,
  needs: [NEED.go],
  install: () =>
    goProgram(folder(), {
      module: 'github.com/hashicorp/consul',
      version: `v${VERSION}`,
      binary: 'consul',
      go: '1.19',
      ldflags: '-checklinkname=0',
    }),
  instances: () => [
    {
      name: 'consul',
      endpoint: `http://127.0.0.1:${HTTP}`,
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
          ports: { http: HTTP, dns: -1, grpc: -1, grpc_tls: -1, serf_lan: 18301, serf_wan: -1, server: 18300 },
        }
        writeFileSync(join(at, 'consul.json'), JSON.stringify(settings, null, 2))
      },
      command: (at) => ({
        program: join(folder(), 'consul'),
        args: ['agent', `-config-file=${join(at, 'consul.json')}`],
      }),
      async ready() {
        const response = await fetch(`http://127.0.0.1:${HTTP}/v1/status/leader`, { signal: AbortSignal.timeout(2000) })
        return response.ok && (await response.text()) !== '""'
      },
    },
  ],
}
