import { CorruptLogError, DamagedFileError, DataFolderInUseError } from '@chat4all/storage'
import { ConfigError, type Flags, loadConfig } from './config/load-config.js'
import type { Config, Role } from './config/settings.js'
import { CannotListenError } from './http/listen.js'
import { createLogger } from './logger.js'
import { createRegistry } from './metrics.js'
import { EXIT } from './process/exit-codes.js'
import { Lifecycle } from './process/lifecycle.js'
import { RingChangedError } from './process/ring-guard.js'
import { version } from './process/version.js'
import type { RoleContext, RunningRole } from './roles/role.js'

/**
 * How each role is loaded and started. A process has one of them, and what the others stand on (REST, the clients of
 * engines) costs it CPU at its start: a shard-node that joins takes that from those that serve.
 */
const START: Readonly<Record<Role, (context: RoleContext) => Promise<RunningRole>>> = {
  all: async (context) => (await import('./roles/all.js')).startAll(context),
  edge: async (context) => (await import('./roles/edge.js')).startEdgeRole(context),
  'shard-node': async (context) => (await import('./roles/shard-node.js')).startShardNodeRole(context),
  webhook: async (context) => (await import('./roles/webhook.js')).startWebhookRole(context),
}

export interface RunOptions {
  readonly flags?: Flags
  readonly environment: NodeJS.ProcessEnv
  /** Make the app `demo` exist, with a secret of its own when none was given. */
  readonly demo: boolean
}

/**
 * Makes this process the given role: reads its configuration, starts it, and from then on ends the process as
 * process/lifecycle.ts says. Resolves when it serves.
 * @throws what {@link exitCodeOf} knows an exit code for, or a bug.
 */
export async function runRole(role: Role, { flags, environment, demo }: RunOptions): Promise<RunningRole> {
  const { config, warnings } = loadConfig(role, environment, flags)
  const logger = createLogger(config.logLevel)
  for (const warning of warnings) logger.warn(warning)
  const lifecycle = new Lifecycle(logger, stopMsMax(config))
  const running = await START[role]({
    config,
    logger,
    registry: createRegistry(role, version()),
    demo,
    storageFailed: (error) => lifecycle.storageFailed(error, config.dataDir),
  })
  lifecycle.started(running)
  return running
}

/** The exit code for an error of the start that its reader can mend; undefined for a bug. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof ConfigError || error instanceof RingChangedError) return EXIT.configuration
  if (error instanceof CannotListenError || error instanceof DataFolderInUseError) return EXIT.fault
  if (error instanceof CorruptLogError || error instanceof DamagedFileError) return EXIT.storage
  if (isSystemError(error)) return EXIT.storage
  return undefined
}

/** The start does no other work of the operating system than that of files. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined
}

/** Sessions are sent away over `drainMs`; a shard-node hands its slots over, and the views take in what they lack. */
function stopMsMax({ drainMs }: Config): number {
  return drainMs + 60_000
}
