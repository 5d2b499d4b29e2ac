import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answers } from './answers.js'
import type { Engine } from './engine.js'
import { goProgram } from './go-program.js'
import { NEED } from './needs.js'
import { installFolder } from './paths.js'
import { port } from './ports.js'

const VERSION = '0.25.0'
const MODULE = 'github.com/prometheus/alertmanager'
const folder = () => installFolder('alertmanager', VERSION)
const url = () => `http://127.0.0.1:${port('alertmanager')}`

/**
 * One Alertmanager that keeps alerts and sends them nowhere: what would be sent is seen in it, or by amtool.
 * Not Debian's, which reads its templates from where only a package that is installed has them.
 */
export const alertmanager: Engine = {
  name: 'alertmanager',
  version: VERSION,
  needs: [NEED.go],
  isInstalled: () => existsSync(folder()),
  install: () =>
    goProgram(folder(), {
      module: MODULE,
      version: `v${VERSION}`,
      main: `${MODULE}/cmd/alertmanager`,
      binary: 'alertmanager',
      besides: { amtool: `${MODULE}/cmd/amtool` },
      go: '1.18',
    }),
  instances: () => [
    {
      name: 'alertmanager',
      endpoint: url(),
      listens: [`127.0.0.1:${port('alertmanager')}`],
      readyMsMax: 60_000,
      async prepare(at) {
        mkdirSync(join(at, 'data'), { recursive: true })
        writeFileSync(
          join(at, 'alertmanager.yml'),
          `
route:
  receiver: nobody
  group_wait: 1s
  group_interval: 5s
receivers:
  - name: nobody
`,
        )
      },
      command: (at) => ({
        program: join(folder(), 'alertmanager'),
        args: [
          `--config.file=${join(at, 'alertmanager.yml')}`,
          `--storage.path=${join(at, 'data')}`,
          `--web.listen-address=127.0.0.1:${port('alertmanager')}`,
          '--cluster.listen-address=',
          '--log.level=warn',
        ],
      }),
      ready: () => answers(`${url()}/-/ready`, 200),
    },
  ],
}
