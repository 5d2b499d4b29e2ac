import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { accepts } from './answers.js'
import type { Engine } from './engine.js'
import { goProgram } from './go-program.js'
import { NEED } from './needs.js'
import { installFolder } from './paths.js'
import { port } from './ports.js'

const VERSION = '1.8.0'
const folder = () => installFolder('versitygw', VERSION)
export const S3_CREDENTIALS = { accessKey: 'chat4all-test', secretKey: 'chat4all-test-secret' }

/** An S3-compatible gateway over a folder. */
export const s3: Engine = {
  name: 's3',
  version: VERSION,
  needs: [NEED.go],
  isInstalled: () => existsSync(folder()),
  install: () =>
    goProgram(folder(), {
      module: 'github.com/versity/versitygw',
      version: `v${VERSION}`,
      main: 'github.com/versity/versitygw/cmd/versitygw',
      binary: 'versitygw',
      go: '1.24',
    }),
  testVariables: () => ({
    CHAT4ALL_TEST_MINIO: `http://127.0.0.1:${port('s3')}`,
    CHAT4ALL_TEST_MINIO_KEY: S3_CREDENTIALS.accessKey,
    CHAT4ALL_TEST_MINIO_SECRET: S3_CREDENTIALS.secretKey,
  }),
  instances: () => [
    {
      name: 's3',
      endpoint: `http://127.0.0.1:${port('s3')}`,
      listens: [`127.0.0.1:${port('s3')}`],
      readyMsMax: 30_000,
      async prepare(at) {
        mkdirSync(join(at, 'data'), { recursive: true })
      },
      command: (at) => ({
        program: join(folder(), 'versitygw'),
        args: ['--port', `127.0.0.1:${port('s3')}`, 'posix', join(at, 'data')],
        environment: { ROOT_ACCESS_KEY: S3_CREDENTIALS.accessKey, ROOT_SECRET_KEY: S3_CREDENTIALS.secretKey },
      }),
      ready: () => accepts(port('s3')),
    },
  ],
}
