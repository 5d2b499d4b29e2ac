import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url))
export const SECRET = 'a-secret-for-this-test-only'
const READY_MS_MAX = 20_000

/** The real server in a process of its own, with a data folder that outlives its restarts. */
export class Server {
  readonly url: string
  private readonly port: number
  private readonly folder = mkdtempSync(join(tmpdir(), 'chat4all-web-'))
  private readonly environment: Readonly<Record<string, string>>
  private process: ChildProcess | undefined
  private output = ''

  private constructor(port: number, environment: Readonly<Record<string, string>>) {
    this.port = port
    this.environment = environment
    this.url = `http://127.0.0.1:${port}`
  }

  static async start(environment: Readonly<Record<string, string>> = {}): Promise<Server> {
    const server = new Server(await freePort(), environment)
    await server.start()
    return server
  }

  async start(): Promise<void> {
    const environment = {
      ...process.env,
      CHAT4ALL_PORT: String(this.port),
      CHAT4ALL_DATA_DIR: this.folder,
      CHAT4ALL_DEMO_SECRET: SECRET,
      CHAT4ALL_LOG_LEVEL: 'warn',
      ...this.environment,
    }
    const child = spawn(process.execPath, [MAIN, 'all'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    this.process = child
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (this.output += String(chunk)))
    const until = Date.now() + READY_MS_MAX
    while (!(await this.ready())) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`the server did not get ready:\n${this.output}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** kill -9: what a power cut is to a process. */
  async kill(): Promise<void> {
    const child = this.process
    this.process = undefined
    if (child === undefined || child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async dispose(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** POST with a service token. */
  async post(path: string, body: object): Promise<Record<string, unknown>> {
    return this.json(path, body, await this.serviceToken())
  }

  /** DELETE with a service token. */
  async delete(path: string): Promise<void> {
    const authorization = `Bearer ${await this.serviceToken()}`
    const response = await fetch(this.url + path, { method: 'DELETE', headers: { authorization } })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }

  private async serviceToken(): Promise<string> {
    const token = await this.json('/auth/token', { client_id: 'demo', client_secret: SECRET })
    return String(token.access_token)
  }

  private async json(path: string, body: object, token?: string): Promise<Record<string, unknown>> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Record<string, unknown>
  }

  private async ready(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).ok
    } catch {
      return false
    }
  }
}

/** Not one that the system gives to whoever asks for any: between now and the server's start somebody would. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000) + 20_000
    const probe = createServer().listen(port, '127.0.0.1')
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
}
