import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const READY_MS_MAX = 60_000
const EXIT_MS_MAX = 30_000

interface Limits {
  /** Above this size of a file, writing to it fails. */
  readonly fileBytesMax?: number
}

/** `chat4all …` in a process of its own, as an operator starts it. */
export class ServerProcess {
  readonly url: string
  /** Both streams, in the order in which they came. */
  output = ''
  private readonly child: ChildProcess

  private constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    port: number,
    { fileBytesMax }: Limits,
  ) {
    this.url = `http://127.0.0.1:${port}`
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CHAT4ALL_'))
    const command = [process.execPath, MAIN, ...args]
    // The shell counts in blocks of 512 bytes, and makes way for the command.
    const limited = ['sh', '-c', `ulimit -f ${Math.floor((fileBytesMax ?? 0) / 512)} && exec "$@"`, 'sh', ...command]
    const [program, ...rest] = fileBytesMax === undefined ? command : limited
    this.child = spawn(program!, rest, {
      env: { ...Object.fromEntries(inherited), CHAT4ALL_PORT: String(port), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk) => {
        this.output += chunk
      })
    }
  }

  /** Starts without waiting. `port`: where the health routes will answer. */
  static spawn(
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    port: number,
    limits: Limits = {},
  ): ServerProcess {
    return new ServerProcess(args, environment, port, limits)
  }

  /** Resolves when /readyz says so; rejects with all that it wrote when it does not. */
  async ready(): Promise<this> {
    const until = Date.now() + READY_MS_MAX
    while (!(await this.isReady())) {
      if (this.child.exitCode !== null || Date.now() > until) {
        throw new Error(`not ready (exit code ${this.child.exitCode}):\n${this.output}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return this
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).ok
    } catch {
      return false
    }
  }

  /** Resolves when `wanted` was written. */
  async wrote(wanted: RegExp): Promise<void> {
    const until = Date.now() + READY_MS_MAX
    while (!wanted.test(this.output)) {
      if (this.child.exitCode !== null || Date.now() > until)
        throw new Error(`${wanted} was not written:\n${this.output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Sends the signal and resolves with the exit code (null: ended by the signal itself). */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.running) this.child.kill(signal)
    return this.exit()
  }

  async exit(): Promise<number | null> {
    if (!this.running) return this.child.exitCode
    const timer = setTimeout(() => this.child.kill('SIGKILL'), EXIT_MS_MAX)
    await once(this.child, 'close')
    clearTimeout(timer)
    return this.child.exitCode
  }

  private get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }
}

/** Above the ports of `ops/engines`, and below those that systems give to whoever asks for any. */
const BLOCKS_FROM = 20_000
const BLOCK_PORTS = 20
const BLOCKS = 600

let block = 0
let given = BLOCK_PORTS

/**
 * A port that nobody has now, and that no other test is given while this process runs: a server is restarted on its port,
 * and whoever asked the system for any port meanwhile would get it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    if (given >= BLOCK_PORTS) {
      block = await ownBlock()
      given = 1
    }
    const port = block + given++
    const server = await listen(port)
    if (server === undefined) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

/** Its first port is kept for as long as this process runs: the block is this process's own. */
async function ownBlock(): Promise<number> {
  for (let tries = 0; tries < BLOCKS; tries++) {
    const first = BLOCKS_FROM + ((process.pid + tries) % BLOCKS) * BLOCK_PORTS
    const kept = await listen(first)
    if (kept === undefined) continue
    kept.unref()
    return first
  }
  throw new Error(`somebody listens in each of ${BLOCKS} blocks of ports from ${BLOCKS_FROM} on`)
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
