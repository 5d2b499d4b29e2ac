/** One kind of engine: how it comes, and which processes it is made of. */
export interface Engine {
  readonly name: string
  readonly version: string
  /** Programs that must be on the machine to install or run it; each with what to do when it is missing. */
  readonly needs: readonly Need[]
  isInstalled(): boolean
  /** Puts it below `.engines/install`; called only when it is not there. */
  install(log: (line: string) => void): Promise<void>
  /** How many processes it can be, where it can be one or several; one unless given. */
  readonly processesMax?: number
  /** The processes, in the order in which they start. */
  instances(options: EngineOptions): readonly Instance[]
  /** After all instances answer (e.g. forming a cluster). Idempotent. */
  afterStart?(options: EngineOptions): Promise<void>
  /** What tests are told about it, by variable. */
  testVariables?(options: EngineOptions): Readonly<Record<string, string>>
}

export interface EngineOptions {
  /** How many processes, where an engine can be one or several (Cassandra: 1 or 3). */
  readonly processes: number
}

export interface Need {
  /** Any of these will do. */
  readonly programs: readonly string[]
  readonly remedy: string
  /** The versions of the program that will do, where not every one does: says what is wrong. */
  readonly fault?: () => string | undefined
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
  /** `host:port` of everything it listens at: checked before a start, so that two programs never share one. */
  readonly listens: readonly string[]
}
