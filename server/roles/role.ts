import type { Registry } from 'prom-client'
import type { Config } from '../config/settings.js'
import type { Logger } from '../logger.js'
import type { Stoppable } from '../process/lifecycle.js'

/** What every role is started with. */
export interface RoleContext {
  readonly config: Config
  readonly logger: Logger
  readonly registry: Registry
  /** Make the app `demo` exist, with a secret of its own when none was given. */
  readonly demo: boolean
  /** To be called when storage cannot be trusted any more: the process ends. */
  readonly storageFailed: (error: Error) => void
}

/** A role that runs. */
export interface RunningRole extends Stoppable {
  /** Where clients, or those who ask for its health, reach it: one for each edge. */
  readonly urls: readonly string[]
  /** Where a shard-node takes links from other processes. */
  readonly linkAddress?: string
  readonly demoApp?: DemoApp | undefined
}

export interface DemoApp {
  readonly clientId: string
  readonly clientSecret: string
}
