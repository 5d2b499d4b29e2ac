import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { answers } from './answers.js'
import type { Engine } from './engine.js'
import { goProgram } from './go-program.js'
import { NEED } from './needs.js'
import { installFolder } from './paths.js'
import { port } from './ports.js'

const VERSION = '2.5.0'
const folder = () => installFolder('toxiproxy', VERSION)

/** A TCP proxy that cuts, delays and drops, in both directions or one: for the chaos run. */
export const toxiproxy: Engine = {
  name: 'toxiproxy',
  version: VERSION,
  needs: [NEED.go],
  isInstalled: () => existsSync(folder()),
  install: () =>
    goProgram(folder(), {
      module: 'github.com/Shopify/toxiproxy/v2',
      version: `v${VERSION}`,
      main: 'github.com/Shopify/toxiproxy/v2/cmd/server',
      binary: 'toxiproxy',
      go: '1.18',
    }),
  instances: () => [
    {
      name: 'toxiproxy',
      endpoint: `http://127.0.0.1:${port('toxiproxy')}`,
      listens: [`127.0.0.1:${port('toxiproxy')}`],
      readyMsMax: 20_000,
      async prepare() {},
      command: () => ({
        program: join(folder(), 'toxiproxy'),
        args: ['-host', '127.0.0.1', '-port', String(port('toxiproxy'))],
      }),
      ready: () => answers(`http://127.0.0.1:${port('toxiproxy')}/version`, 200),
    },
  ],
}
