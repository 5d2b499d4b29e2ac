import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ResidentMemory } from './resident-memory.js'
import type { S3Target } from './s3-alone.js'

const S3_ALONE = fileURLToPath(new URL('./s3-alone-main.js', import.meta.url))
const REPORT_USE = new URL('./report-use.js', import.meta.url).href
const CLI = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url))
const SECRET = 'large-file-secret'
const READY_MS_MAX = 30_000

export interface Server {
  readonly url: string
  readonly process: ChildProcess
  stop(): Promise<void>
}

/** A server of its own that keeps files in the given store. */
export async function startServer(folder: string, port: number, bucket: string, s3: S3Target): Promise<Server> {
  const child = spawn(process.execPath, [CLI, 'all'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      CHAT4ALL_PORT: String(port),
      CHAT4ALL_DATA_DIR: join(folder, 'data'),
      CHAT4ALL_DEMO_SECRET: SECRET,
      CHAT4ALL_LOG_LEVEL: 'warn',
      CHAT4ALL_S3: s3.endpoint,
      CHAT4ALL_S3_ACCESS_KEY: s3.accessKey,
      CHAT4ALL_S3_SECRET_KEY: s3.secretKey,
      CHAT4ALL_S3_BUCKET: bucket,
    },
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  const giveUpAt = Date.now() + READY_MS_MAX
  while (
    !(await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > giveUpAt) throw new Error('the server did not start')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    url,
    process: child,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

export interface Run {
  /** What it printed with --json; undefined when it was killed. */
  // biome-ignore lint/suspicious/noExplicitAny: several commands, each with fields of its own.
  readonly output: any
  readonly seconds: number
  /** Processor time of all its threads; 0 when it was killed. */
  readonly cpuSeconds: number
  readonly peakMib: number
}

/** Runs a program to its end, or kills it (-9) as soon as `killWhen` says so. @throws Error when it fails by itself */
async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  killWhen?: () => Promise<boolean>,
): Promise<Run> {
  const use = join(tmpdir(), `chat4all-large-file-use-${randomUUID()}.json`)
  const startedMs = performance.now()
  const child = spawn(process.execPath, ['--import', REPORT_USE, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LARGE_FILE_USE: use, ...environment },
  })
  const memory = new ResidentMemory(child.pid!)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  let killed = false
  void (async () => {
    while (killWhen !== undefined && child.exitCode === null) {
      killed = await killWhen()
      if (killed) return child.kill('SIGKILL')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  const [code] = await once(child, 'close')
  memory.stop()
  const took = { seconds: (performance.now() - startedMs) / 1000, peakMib: memory.peak }
  if (killed) return { output: undefined, cpuSeconds: 0, ...took }
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`)
  const { user, system } = JSON.parse(readFileSync(use, 'utf8')) as NodeJS.CpuUsage
  rmSync(use)
  return { output: text.startsWith('{') ? JSON.parse(text) : undefined, cpuSeconds: (user + system) / 1e6, ...took }
}

/** The S3 client alone, in a process of its own as the command line is. */
export function runS3Alone(s3: S3Target, act: 'upload' | 'download' | 'remove', path: string): Promise<Run> {
  return run([S3_ALONE, s3.endpoint, act, path], {})
}

/** The command line, as a user has it. */
export class CommandLine {
  private readonly home: string

  constructor(folder: string) {
    this.home = join(folder, 'home')
  }

  async login(url: string, user: string): Promise<void> {
    await this.run(['login', '--url', url, '--client-id', 'demo', '--user', user], { CHAT4ALL_CLIENT_SECRET: SECRET })
  }

  run(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    killWhen?: () => Promise<boolean>,
  ): Promise<Run> {
    return run([CLI, ...args], { CHAT4ALL_HOME: this.home, ...environment }, killWhen)
  }

  /** The upload that it would go on with. */
  unfinished(): string | undefined {
    try {
      const [name] = readdirSync(join(this.home, 'uploads')).filter((file) => file.endsWith('.json'))
      return name && JSON.parse(readFileSync(join(this.home, 'uploads', name), 'utf8')).fileId
    } catch {
      return undefined
    }
  }
}

/** The parts that the server says are there, and their sizes. */
export async function partsThere(url: string, fileId: string): Promise<Map<number, number>> {
  const token = await fetch(`${url}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: 'demo', client_secret: SECRET }),
  })
  const { access_token } = (await token.json()) as { access_token: string }
  const answer = await fetch(`${url}/v1/files/${fileId}/parts`, {
    headers: { authorization: `Bearer ${access_token}` },
  })
  const { parts } = (await answer.json()) as { parts: { part_number: number; size: number }[] }
  return new Map(parts.map((part) => [part.part_number, part.size]))
}
