import { join } from 'node:path'
import { answers } from './answers.js'
import { type Engine, NEED } from './engine.js'
import { goProgram } from './go-program.js'
import { installFolder } from './paths.js'

const VERSION = '2.5.0'
const PORT = 18474
const folder = () => installFolder('toxiproxy', VERSION)

/** A TCP proxy that cuts, delays and drops, in both directions or one: for the chaos run. */
export const toxiproxy: Engine = {
  name: 'toxiproxy',
  version: VERSION,
  needs: [NEED.go],
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
      endpoint: `http://127.0.0.1:${PORT}`,
      readyMsMax: 20_000,
      async prepare() {},
      command: () => ({ program: join(folder(), 'toxiproxy'), args: ['-host', '127.0.0.1', '-port', String(PORT)] }),
      ready: () => answers(`http://127.0.0.1:${PORT}/version`, 200),
    },
  ],
}
