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

/** Starts what is not running; resolves when all of them answer. */
export async function startEngines(kinds: readonly string[], cassandraProcesses: number): Promise<void> {
  await engines('start', ...kinds, '--processes', String(cassandraProcesses))
}

/** Every process of an engine that runs now. */
export async function engineProcesses(): Promise<EngineProcess[]> {
  const listed = await engines('status')
  return listed.split('\n').flatMap((line) => {
    const found = /^(\S+)\s+runs as (\d+), (?:https?:\/\/)?(\S+)$/.exec(line)
    if (found === null) return []
    const [, name, pid, address] = found
    return [{ kind: name!.split('-')[0]!, name: name!, pid: Number(pid), address: address! }]
  })
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
