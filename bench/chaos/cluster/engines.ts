import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryFolder } from '../../servers/folders.js'

/**
 * The real engines of this machine, by way of `ops/engines` as a process: where they are, and their pids, so that they
 * can be killed and paused like our own.
 */

const run = promisify(execFile)
const MAIN = join(repositoryFolder, 'ops/dist/engines/main.js')

export const ENGINE_KINDS = ['cassandra', 'consul', 'redis', 'kafka'] as const
export type EngineKind = (typeof ENGINE_KINDS)[number]

export interface EngineProcess {
  readonly kind: string
  /** `cassandra-1`, `redis-17103`, `kafka`. */
  readonly name: string
  readonly pid: number
  /** `host:port`. */
  readonly address: string
}

/** Starts what is not running, of these kinds or processes; resolves when all of them answer. */
export async function startEngines(names: readonly string[]): Promise<void> {
  await engines('start', ...names)
}

/** Every process of an engine that runs now. */
export async function engineProcesses(): Promise<EngineProcess[]> {
  const listed = JSON.parse(await engines('status', '--json')) as readonly EngineStatus[]
  return listed.flatMap(({ name: kind, processes }) =>
    processes.flatMap(({ name, pid, endpoint }) =>
      pid === undefined ? [] : [{ kind, name, pid, address: endpoint.replace(/^https?:\/\//, '') }],
    ),
  )
}

/** What `status --json` says of an engine. */
interface EngineStatus {
  readonly name: string
  readonly processes: readonly { readonly name: string; readonly pid?: number; readonly endpoint: string }[]
}

async function engines(...args: string[]): Promise<string> {
  try {
    const { stdout } = await run(process.execPath, [MAIN, ...args])
    return stdout
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new Error(`engines ${args.join(' ')}: ${stderr || message}`)
  }
}
