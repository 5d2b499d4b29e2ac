import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryFolder } from './folders.js'
import { type RunningServer, startProcess } from './running-server.js'

/** Starts our server, all roles in one process, as `npm start` does, with a data folder of its own. */

const READY_MS_MAX = 60_000
const POLL_MS = 50

export interface Chat4AllOptions {
  readonly processors: string | undefined
  /** Options for node itself, e.g. `--cpu-prof`. */
  readonly nodeOptions?: readonly string[]
  readonly logFile?: string
}

export interface Chat4AllServer extends RunningServer {
  /** Starts the server again on the same data and the same port, after it ended. */
  restart(): Promise<void>
  /** Removes the data folder of a server that was killed. */
  removeData(): void
}

export async function startChat4All(options: Chat4AllOptions): Promise<Chat4AllServer> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'chat4all-bench-'))
  const clientSecret = randomBytes(16).toString('hex')
  const metricsToken = randomBytes(16).toString('hex')
  const port = await freePort()
  const start = async () => {
    const process_ = startProcess({
      command: process.execPath,
      args: [...(options.nodeOptions ?? []), join(repositoryFolder, 'cli/dist/main.js'), 'all'],
      environment: {
        CHAT4ALL_HOST: '127.0.0.1',
        CHAT4ALL_PORT: String(port),
        CHAT4ALL_DATA_DIR: dataFolder,
        CHAT4ALL_DEMO_SECRET: clientSecret,
        CHAT4ALL_METRICS_TOKEN: metricsToken,
        // One sender of the generator stands for many people: the limit per session is not what is measured.
        CHAT4ALL_FRAMES_PER_SECOND: '1000000',
        CHAT4ALL_USER_SENDS_PER_SECOND: '0',
        CHAT4ALL_ADDRESS_REQUESTS_PER_SECOND: '0',
        // Nobody waits for a generator's sessions to move elsewhere.
        CHAT4ALL_DRAIN_MS: '0',
      },
      processors: options.processors,
      ...(options.logFile !== undefined && { logFile: options.logFile }),
    })
    await Promise.race([
      ready(port),
      process_.ended.then((reason) => Promise.reject(new Error(`the server did not start: ${reason}`))),
    ])
    return process_
  }
  let server = await start()
  const removeData = (): void => rmSync(dataFolder, { recursive: true, force: true })
  return {
    get target() {
      return { port, pid: server.pid, clientId: 'demo', clientSecret, metricsToken }
    },
    async restart() {
      server = await start()
    },
    async stop() {
      await server.stop()
      removeData()
    },
    kill: () => server.kill(),
    removeData,
  }
}

async function ready(port: number): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX
  for (;;) {
    try {
      if ((await fetch(`http://127.0.0.1:${port}/readyz`)).ok) return
    } catch {
      // Not listening yet.
    }
    if (performance.now() > deadline) throw new Error(`the server was not ready within ${READY_MS_MAX} ms`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
