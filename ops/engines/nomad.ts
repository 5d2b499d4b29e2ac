import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answers } from './answers.js'
import type { Engine } from './engine.js'
import { goProgram } from './go-program.js'
import { NEED } from './needs.js'
import { installFolder } from './paths.js'
import { port } from './ports.js'

/** The last line under MPL-2.0. */
const VERSION = '1.6.1'
const folder = () => installFolder('nomad', VERSION)
const url = () => `http://127.0.0.1:${port('nomad')}`

/** One Nomad, server and client, that runs programs of this machine as jobs (`raw_exec`). Its UI stands at /ui. */
export const nomad: Engine = {
  name: 'nomad',
  version: VERSION,
  needs: [NEED.go],
  isInstalled: () => existsSync(folder()),
  install: () =>
    goProgram(folder(), {
      module: 'github.com/hashicorp/nomad',
      version: `v${VERSION}`,
      binary: 'nomad',
      go: '1.20',
      lines: [
        // The release builds these from its own folder, or replaces them; a module that requires it must say so again.
        'require github.com/hashicorp/nomad/api v0.0.0-20230718173136-3a687930bd3e',
        'replace github.com/hashicorp/hcl => github.com/hashicorp/hcl v1.0.1-0.20201016140508-a07e7d50bbee',
        'replace github.com/armon/go-metrics => github.com/armon/go-metrics v0.0.0-20230509193637-d9ca9af9f1f9',
      ],
    }),
  instances: () => [
    {
      name: 'nomad',
      endpoint: url(),
      listens: ['nomad', 'nomad-rpc', 'nomad-serf'].map((name) => `127.0.0.1:${port(name)}`),
      readyMsMax: 60_000,
      async prepare(at) {
        mkdirSync(join(at, 'data'), { recursive: true })
        const settings = {
          name: 'nomad',
          data_dir: join(at, 'data'),
          bind_addr: '127.0.0.1',
          log_level: 'WARN',
          disable_update_check: true,
          leave_on_interrupt: false,
          leave_on_terminate: false,
          ports: { http: port('nomad'), rpc: port('nomad-rpc'), serf: port('nomad-serf') },
          // Said aloud, because it takes loopback for a mistake otherwise.
          advertise: { http: '127.0.0.1', rpc: '127.0.0.1', serf: '127.0.0.1' },
          server: { enabled: true, bootstrap_expect: 1 },
          client: { enabled: true, servers: [`127.0.0.1:${port('nomad-rpc')}`], network_interface: 'lo' },
          plugin: { raw_exec: { config: { enabled: true } } },
          consul: { auto_advertise: false, client_auto_join: false, server_auto_join: false },
        }
        writeFileSync(join(at, 'nomad.json'), JSON.stringify(settings, null, 2))
      },
      command: (at) => ({
        program: join(folder(), 'nomad'),
        args: ['agent', `-config=${join(at, 'nomad.json')}`],
      }),
      async ready() {
        // A job is placed only once its client has joined.
        if (!(await answers(`${url()}/v1/agent/health`, 200))) return false
        const response = await fetch(`${url()}/v1/nodes`, { signal: AbortSignal.timeout(2000) })
        const nodes = (await response.json()) as readonly { Status: string }[]
        return nodes.some(({ Status }) => Status === 'ready')
      },
    },
  ],
}
