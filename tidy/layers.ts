/**
 * Who may import whom: the one table. A folder stands for all beneath it that has no line of its own.
 * Everything may import itself. `shard-node` may import its own core; nobody's core may import its driver.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  router: ['protocol'],
  storage: ['protocol'],
  'shard-node/core': ['protocol'],
  'shard-node': ['protocol', 'router', 'storage', 'shard-node/core'],
  'edge/core': ['protocol'],
  edge: ['protocol', 'router', 'storage', 'edge/core'],
  connectors: ['protocol', 'storage'],
  simulator: ['protocol', 'router', 'storage', 'shard-node', 'edge'],
  'sdk/typescript': ['protocol'],
  server: ['protocol', 'router', 'storage', 'shard-node', 'edge', 'connectors'],
  cli: ['protocol', 'sdk/typescript', 'server'],
  web: ['sdk/typescript'],
  ops: ['protocol', 'sdk/typescript'],
  bench: ['protocol', 'sdk/typescript'],
  tidy: [],
}

/** What to do instead, where an import is tempting. */
export const INSTEAD: Readonly<Record<string, string>> = {
  'edge → shard-node': 'send a frame (protocol/schema/link-frames.ts) over a link (router/link/port.ts)',
  'shard-node → edge': 'send a frame (protocol/schema/link-frames.ts) over a link (router/link/port.ts)',
  'edge/core → edge': 'return an effect, and let the driver carry it out',
  'shard-node/core → shard-node': 'return an effect, and let the driver carry it out',
  'shard-node/core → storage': 'return an effect; the driver calls the port (storage/*/port.ts)',
  'shard-node/core → router': 'return an effect; the driver calls the port (router/*/port.ts)',
  'edge/core → router': 'return an effect; the driver calls the port (router/*/port.ts)',
  'web → protocol': 'use what the SDK exports; if it is missing there, other clients miss it too',
  'sdk/typescript → edge': 'the SDK knows the server by its frames and bodies only (protocol/)',
}

/** Folders of pure state machines: (state, event, now) → (state, effects). */
export const PURE: readonly string[] = ['shard-node/core', 'edge/core']

/** Folders whose code runs in browsers too, tests and benchmarks aside. */
export const BROWSER_SAFE: readonly string[] = ['protocol/codec', 'protocol/schema', 'protocol/rest']

const ENGINE_CLIENTS = ['cassandra-driver', 'classic-level', 'consul', 'kafkajs', 'minio', 'redis']
const REST = ['hono', '@hono/zod-openapi', 'jose']

/**
 * What is not loaded when one of these files is: doors of our packages, or packages of npm. A folder stands for all beneath it that has
 * no line of its own. Each package costs tens of milliseconds of CPU and some megabytes: a user waits for a command, and a
 * shard-node that joins takes the CPU from those that serve.
 */
export const STARTS_WITHOUT: Readonly<Record<string, readonly string[]>> = {
  'cli/main.ts': ['@chat4all/protocol', '@chat4all/sdk/node', '@chat4all/server', '@chat4all/server/cluster'],
  'cli/commands': ['@chat4all/server', '@chat4all/server/cluster'],
  'cli/commands/all.ts': ENGINE_CLIENTS,
  'cli/commands/edge.ts': ENGINE_CLIENTS,
  'cli/commands/shard-node.ts': ENGINE_CLIENTS,
  'cli/commands/webhook.ts': ENGINE_CLIENTS,
  'cli/commands/server-role.ts': [...ENGINE_CLIENTS, ...REST, '@chat4all/connectors', '@chat4all/shard-node'],
  'cli/commands/cluster.ts': ['classic-level', 'consul', 'kafkajs', 'minio', 'redis', ...REST],
  'server/roles/all.ts': ENGINE_CLIENTS,
  'server/roles/edge.ts': [...ENGINE_CLIENTS, '@chat4all/shard-node', 'undici', 'cockatiel'],
  'server/roles/shard-node.ts': [...ENGINE_CLIENTS, ...REST, '@chat4all/connectors'],
  'server/roles/webhook.ts': [...ENGINE_CLIENTS, ...REST, '@chat4all/shard-node'],
}

/** The layer of a file or folder: the longest line of the table that it lies under. */
export function layerOf(path: string): string | undefined {
  return lineOf(MAY_IMPORT, path)
}

/** The line of a table that a file or folder lies under: the longest. */
export function lineOf(table: Readonly<Record<string, unknown>>, path: string): string | undefined {
  let best: string | undefined
  for (const line of Object.keys(table)) {
    const under = path === line || path.startsWith(`${line}/`)
    if (under && (best === undefined || line.length > best.length)) best = line
  }
  return best
}

/** Whether `from` may import `to`; a line that names a folder covers those beneath it. */
export function mayImport(from: string, to: string): boolean {
  return from === to || MAY_IMPORT[from]!.some((allowed) => to === allowed || to.startsWith(`${allowed}/`))
}
