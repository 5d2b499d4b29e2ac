import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryFolder } from '../../servers/folders.js'

/**
 * The real engines, by way of `ops/engines` as a process: where they are, and their pids, so that they can be killed and
 * paused like our own. Either those that everybody on this machine shares, or a set of the run's own.
 */

const run = promisify(execFile)
const MAIN = join(repositoryFolder, 'ops/dist/engines/main.js')

/** What a cluster needs, and the variable that says where one for tests is when `ops/engines` did not start it. */
const VARIABLES = {
  cassandra: 'CHAT4ALL_TEST_CASSANDRA',
  consul: 'CHAT4ALL_TEST_CONSUL',
  redis: 'CHAT4ALL_TEST_REDIS',
  kafka: 'CHAT4ALL_TEST_KAFKA',
} as const
export type EngineKind = keyof typeof VARIABLES
export const ENGINE_KINDS = Object.keys(VARIABLES) as EngineKind[]

export interface EngineProcess {
  readonly kind: string
  /** As `ops/engines` calls it: `cassandra-1`, `redis-3`, `kafka`. */
  readonly name: string
  /** Undefined where somebody else started it: it cannot be struck. */
  readonly pid: number | undefined
  /** `host:port`. */
  readonly address: string
}

interface Status {
  readonly name: string
  readonly processes: readonly { readonly name: string; readonly pid?: number; readonly endpoint: string }[]
}

export class Engines {
  private readonly set: string

  /** `set`: the name of a set of the run's own; '': the shared ones. */
  constructor(set: string) {
    this.set = set
  }

  get isOwn(): boolean {
    return this.set !== ''
  }

  /** Starts what does not run, installs it if need be; resolves when all of it answers. */
  async start(names: readonly string[], cassandraProcesses?: number): Promise<void> {
    const several = cassandraProcesses === undefined ? [] : ['--processes', String(cassandraProcesses)]
    await this.call('start', ...names, ...several)
  }

  /** Every process that runs now. */
  async processes(): Promise<EngineProcess[]> {
    const engines = JSON.parse(await this.call('status', '--json')) as Status[]
    const running = engines.flatMap(({ name: kind, processes }) =>
      processes.flatMap(({ name, pid, endpoint }) =>
        pid === undefined ? [] : [{ kind, name, pid, address: addressOf(endpoint) }],
      ),
    )
    return this.isOwn ? running : withGiven(running)
  }

  /** Stops everything of the run's own set, and deletes its data. */
  async wipe(): Promise<void> {
    this.mustBeOwn()
    await this.call('wipe')
  }

  /** The same in a process that ends now. */
  wipeAtExit(): void {
    this.mustBeOwn()
    spawnSync(process.execPath, [MAIN, 'wipe'], { env: this.environment })
  }

  private mustBeOwn(): void {
    if (!this.isOwn) throw new Error('shared engines are not wiped')
  }

  private get environment(): NodeJS.ProcessEnv {
    return { ...process.env, CHAT4ALL_ENGINES_SET: this.set }
  }

  private async call(...args: string[]): Promise<string> {
    try {
      const { stdout } = await run(process.execPath, [MAIN, ...args], { env: this.environment })
      return stdout
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string }
      throw new Error(`engines ${args.join(' ')}: ${stderr || message}`)
    }
  }
}

/** A variable that names an engine elsewhere counts more than what runs here. */
function withGiven(running: readonly EngineProcess[]): EngineProcess[] {
  const engines = [...running]
  for (const kind of ENGINE_KINDS) {
    const addresses = process.env[VARIABLES[kind]]?.split(',').map(addressOf) ?? []
    if (addresses.every((address) => running.some((engine) => engine.address === address))) continue
    const elsewhere = addresses.map((address, index) => ({
      kind,
      name: `${kind}-${index + 1}`,
      pid: undefined,
      address,
    }))
    const others = engines.filter((engine) => engine.kind !== kind)
    engines.splice(0, engines.length, ...others, ...elsewhere)
  }
  return engines
}

function addressOf(endpoint: string): string {
  return endpoint.replace(/^https?:\/\//, '')
}
