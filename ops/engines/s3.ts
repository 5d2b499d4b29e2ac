import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { accepts } from './answers.js'
import { type Engine, NEED } from './engine.js'
import { goProgram } from './go-program.js'
import { installFolder } from './paths.js'

const VERSION = '1.8.0'
const PORT = 17070
const folder = () => installFolder('versitygw', VERSION)
export const S3_CREDENTIALS = { accessKey: 'chat4all-test', secretKey: 'chat4all-test-secret' }

/** An S3-compatible gateway over a folder. */
export const s3: Engine = {
  name: 's3',
  version: VERSION,
  needs: [NEED.go],
  install: () =>
    goProgram(folder(), {
      module: 'github.com/versity/versitygw',
      version: `v${VERSION}`,
      main: 'github.com/versity/versitygw/cmd/versitygw',
      binary: 'versitygw',
      go: '1.24',
    }),
  instances: () => [
    {
      name: 's3',
      endpoint: `http://127.0.0.1:${PORT}`,
      readyMsMax: 30_000,
      async prepare(at) {
        mkdirSync(join(at, 'data'), { recursive: true })
      },
      command: (at) => ({
        program: join(folder(), 'versitygw'),
        args: ['--port', `127.0.0.1:${PORT}`, 'posix', join(at, 'data')],
        environment: { ROOT_ACCESS_KEY: S3_CREDENTIALS.accessKey, ROOT_SECRET_KEY: S3_CREDENTIALS.secretKey },
      }),
      ready: () => accepts(PORT),
    },
  ],
}
