/** One kind of engine: how it comes, and which processes it is made of. */
export interface Engine {
  readonly name: string
  readonly version: string
  /** Programs that must be on the machine to install or run it; each with what to do when it is missing. */
  readonly needs: readonly Need[]
  /** Puts it into `installFolder`; called only when it is not there. */
  install(log: (line: string) => void): Promise<void>
  /** The processes, in the order in which they start. */
  instances(options: EngineOptions): readonly Instance[]
  /** After all instances answer (e.g. forming a cluster). Idempotent. */
  afterStart?(options: EngineOptions): Promise<void>
}

export interface EngineOptions {
  /** How many processes, where an engine can be one or several (Cassandra: 1 or 3). */
  readonly processes: number
}

export interface Need {
  readonly program: string
  readonly remedy: string
}

export interface Instance {
  /** Unique; names its folder, log and pid file. */
  readonly name: string
  /** Writes configuration and prepares data; called before each start. */
  prepare(folder: string): Promise<void>
  command(folder: string): {
    readonly program: string
    readonly args: readonly string[]
    readonly environment?: Readonly<Record<string, string>>
  }
  /** Resolves true when it answers as it should. */
  ready(): Promise<boolean>
  readonly readyMsMax: number
  /** What clients connect to. */
  readonly endpoint: string
}

export const NEED = {
  java: { program: 'java', remedy: 'install a Java 17 runtime' },
  maven: { program: 'mvn', remedy: 'install Apache Maven 3.8 or newer' },
  go: { program: 'go', remedy: 'install Go 1.22 or newer' },
} as const satisfies Record<string, Need>
