import type { NodeId } from '@chat4all/protocol'
import type { LinkTls } from '@chat4all/router'
import { nearestName } from './nearest-name.js'
import {
  type Config,
  flagOf,
  type Reader,
  type Role,
  type Setting,
  type SettingName,
  settings,
  settingsOf,
} from './settings.js'

/** Everything that is wrong with the configuration, at once. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`the configuration is wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

export interface LoadedConfig {
  readonly config: Config
  /** What is probably not meant, for the log. */
  readonly warnings: readonly string[]
}

export type Flags = { readonly [Name in SettingName]?: string | undefined }

/** Names beside the settings that start with CHAT4ALL_ and mean something to another part (the command line's client). */
const NAMES_OF_OTHERS = new Set([
  'CHAT4ALL_HOME',
  'CHAT4ALL_PROFILE',
  'CHAT4ALL_CLIENT_SECRET',
  'CHAT4ALL_WEBHOOK_SECRET',
])

/**
 * The configuration of a role from flags (first) and environment.
 * @throws ConfigError that names every wrong setting, what was given (secrets masked) and what is expected.
 */
export function loadConfig(role: Reader, environment: NodeJS.ProcessEnv, flags: Flags = {}): LoadedConfig {
  const faults: string[] = []
  const wrong = new Set<SettingName>()
  const values: Partial<Record<SettingName, unknown>> = {}
  for (const [name, setting] of settingsOf(role)) {
    const fromFlag = flags[name]
    // An empty variable counts as none: that is how compose files and shells pass on what is not set.
    const fromEnvironment = environment[setting.env] === '' ? undefined : environment[setting.env]
    const given = fromFlag ?? fromEnvironment ?? setting.fallback
    if (given === undefined) continue
    const result = setting.schema.safeParse(given)
    if (result.success) {
      values[name] = result.data
    } else {
      wrong.add(name)
      faults.push(faultOf(setting, fromFlag === undefined ? setting.env : flagOf(setting)!, given, result.error))
    }
  }
  for (const [name, setting] of Object.entries(settings) as [SettingName, Setting<unknown>][]) {
    // What this role does not read has its default, so that every role can be handed the same type.
    if (!setting.roles.includes(role) && setting.fallback !== undefined) {
      values[name] = setting.schema.parse(setting.fallback)
    }
  }
  const config = values as unknown as Config
  if (role === 'edge' || role === 'shard-node') faults.push(...clusterFaults(role, config, wrong))
  if (role === 'webhook') faults.push(...webhookFaults(config, wrong))
  if (role === 'cluster') faults.push(...askedFaults(config, wrong))
  faults.push(...tlsFaults(config, wrong))
  faults.push(...fileFaults(config, wrong))
  if (faults.length > 0) throw new ConfigError(faults)
  const warnings = [
    ...unknownNames(environment),
    ...idleEngines(role, environment),
    ...exposureWarnings(config),
    ...plainSecrets(role, config),
  ]
  return { config, warnings }
}

/** TLS of links, as the three settings together say. */
export function linkTls({ linkCa: ca, linkCert: cert, linkKey: key }: Config): LinkTls | undefined {
  return ca === undefined || cert === undefined || key === undefined ? undefined : { ca, cert, key }
}

/** Where a shard-node takes links, and where others dial it (undefined: where it turns out to listen). */
export interface OwnLink {
  readonly node: NodeId
  readonly host: string
  readonly port: number
  readonly advertise: string | undefined
}

export function ownLink(config: Config): OwnLink {
  const { members, linkHost, linkPort, linkAdvertise } = config
  const node = config.nodeId as string as NodeId
  const listed = config.consul === undefined ? members?.find((member) => member.node === node)?.address : undefined
  return {
    node,
    host: linkHost ?? (listed === undefined ? '127.0.0.1' : hostOf(listed)),
    port: linkPort ?? (listed === undefined ? 0 : Number(listed.slice(listed.lastIndexOf(':') + 1))),
    advertise: linkAdvertise ?? listed,
  }
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.') || host === '::ffff:127.0.0.1'
}

function faultOf(
  setting: Setting<unknown>,
  name: string,
  given: string,
  error: { issues: { code: string; message: string }[] },
): string {
  const shown = setting.secret ? `${'•'.repeat(8)} (${given.length} characters)` : `'${given}'`
  const own = error.issues.find((issue) => issue.code === 'custom' && issue.message !== 'Invalid input')
  const why = own === undefined ? '' : ` (${own.message})`
  return `${name}: expected ${setting.expected}; got ${shown}${why}`
}

function clusterFaults(role: Role, config: Config, wrong: ReadonlySet<SettingName>): string[] {
  const faults: string[] = []
  const given = (name: SettingName): boolean => config[name] !== undefined || wrong.has(name)
  const need = (name: SettingName, why = `${role} needs it`): void => {
    if (!given(name)) {
      faults.push(`${settings[name].env}: expected ${settings[name].expected}; nothing was given, and ${why}`)
    }
  }
  need('nodeId')
  if (!given('consul')) need('members', `${role} needs it unless it has CHAT4ALL_CONSUL`)
  if (role === 'edge') need('tokenKey')
  if (given('consul')) need('cassandra', 'with CHAT4ALL_CONSUL slots move between nodes, so what they hold must too')
  if (given('cassandraUsername')) need('cassandraPassword', 'it goes with CHAT4ALL_CASSANDRA_USERNAME')
  if (given('cassandraPassword')) need('cassandraUsername', 'it goes with CHAT4ALL_CASSANDRA_PASSWORD')
  if (role === 'shard-node' && !given('consul') && !wrong.has('nodeWeight') && config.nodeWeight !== 1) {
    faults.push(
      `CHAT4ALL_NODE_WEIGHT: expected 1 without CHAT4ALL_CONSUL, which tells the others; got '${config.nodeWeight}'`,
    )
  }
  faults.push(...linkFaults(role, config, wrong))
  return faults
}

/** `chat4all cluster` asks the engines that a cluster stands on. */
function askedFaults(config: Config, wrong: ReadonlySet<SettingName>): string[] {
  return (['consul', 'cassandra'] as const)
    .filter((name) => config[name] === undefined && !wrong.has(name))
    .map((name) => `${settings[name].env}: expected ${settings[name].expected}; nothing was given: it is what is asked`)
}

/** A webhook process has no folder: what it delivers and what waits are in the engines. */
function webhookFaults(config: Config, wrong: ReadonlySet<SettingName>): string[] {
  return (['nodeId', 'cassandra', 'kafka'] as const)
    .filter((name) => config[name] === undefined && !wrong.has(name))
    .map(
      (name) => `${settings[name].env}: expected ${settings[name].expected}; nothing was given, and webhook needs it`,
    )
}

function fileFaults(config: Config, wrong: ReadonlySet<SettingName>): string[] {
  if (config.s3 === undefined) return []
  return (['s3AccessKey', 's3SecretKey'] as const)
    .filter((name) => config[name] === undefined && !wrong.has(name))
    .map(
      (name) =>
        `${settings[name].env}: expected ${settings[name].expected}; nothing was given, and CHAT4ALL_S3 needs it`,
    )
}

function tlsFaults(config: Config, wrong: ReadonlySet<SettingName>): string[] {
  const whole = (names: readonly SettingName[], together: string): string[] => {
    const given = names.filter((name) => config[name] !== undefined || wrong.has(name))
    if (given.length === 0 || given.length === names.length) return []
    return [`${given.map((name) => settings[name].env).join(' and ')}: expected ${together} together, or none of them`]
  }
  return [
    ...whole(['linkCa', 'linkCert', 'linkKey'], 'CHAT4ALL_LINK_CA, _CERT and _KEY'),
    ...whole(['tlsCert', 'tlsKey'], 'CHAT4ALL_TLS_CERT and _KEY'),
  ]
}

function linkFaults(role: Role, config: Config, wrong: ReadonlySet<SettingName>): string[] {
  const { members, consul, nodeId, linkSecret, linkAdvertise } = config
  if (nodeId === undefined || wrong.has('consul') || wrong.has('linkHost') || wrong.has('linkAdvertise')) return []
  const fixed = consul === undefined
  if (fixed && members === undefined) return []
  if (fixed && role === 'shard-node' && !members!.some(({ node }) => node === nodeId)) {
    const listed = members!.map(({ node }) => node).join(', ')
    return [`CHAT4ALL_NODE_ID: expected one of CHAT4ALL_MEMBERS (${listed}); got '${nodeId}'`]
  }
  const faults: string[] = []
  const hosts = fixed ? members!.map(({ address }) => hostOf(address)) : []
  if (role === 'shard-node') {
    const { host, advertise } = ownLink(config)
    hosts.push(host, ...(linkAdvertise === undefined ? [] : [hostOf(linkAdvertise)]))
    if (advertise === undefined && isEverywhere(host)) {
      faults.push(
        `CHAT4ALL_LINK_ADVERTISE: expected ${settings.linkAdvertise.expected}; nothing was given, and nobody can dial ${host}`,
      )
    }
  }
  const outside = hosts.find((host) => !isLoopback(host))
  const guarded = linkSecret !== undefined || wrong.has('linkSecret') || tlsGiven(config, wrong)
  if (outside !== undefined && !guarded) {
    faults.push(
      `CHAT4ALL_LINK_SECRET: expected ${settings.linkSecret.expected}; nothing was given, and links leave this machine ` +
        `(${outside}): whoever reaches a shard-node could speak for any user`,
    )
  }
  return faults
}

function tlsGiven(config: Config, wrong: ReadonlySet<SettingName>): boolean {
  return (['linkCa', 'linkCert', 'linkKey'] as const).some((name) => config[name] !== undefined || wrong.has(name))
}

const isEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** Engines that are named to a role that has none: its data would be elsewhere than one thinks. */
function idleEngines(role: Reader, environment: NodeJS.ProcessEnv): string[] {
  const names = ['cassandra', 'consul', 'redis', 'kafka'] as const
  return names
    .map((name) => settings[name])

    .filter(
      ({ env, roles }) =>
        role !== 'cluster' && (environment[env] ?? '') !== '' && !(roles as readonly Reader[]).includes(role),
    )
    .map(({ env }) => `${env} is given, and ${role} does not use it: everything is kept in CHAT4ALL_DATA_DIR`)
}

function unknownNames(environment: NodeJS.ProcessEnv): string[] {
  const known = new Set(Object.values(settings).map(({ env }) => env as string))
  return Object.keys(environment)
    .filter((name) => name.startsWith('CHAT4ALL_') && !known.has(name) && !NAMES_OF_OTHERS.has(name))
    .map((name) => {
      const meant = nearestName(name, known)
      return `${name} is no setting and is ignored${meant === undefined ? '' : `; did you mean ${meant}?`}`
    })
}

/** In engines secrets are within reach of more than this process. */
function plainSecrets(role: Reader, { cassandra, secretsKeys }: Config): string[] {
  const isConcerned = (settings.secretsKeys.roles as readonly Reader[]).includes(role)
  if (!isConcerned || cassandra === undefined || secretsKeys !== undefined) return []
  return ['CHAT4ALL_SECRETS_KEY is not given: secrets of webhooks are kept in Cassandra as they are']
}

function exposureWarnings({ host, tlsCert }: Config): string[] {
  if (isLoopback(host) || tlsCert !== undefined) return []
  return [
    `listening on ${host} without TLS: give CHAT4ALL_TLS_CERT and _KEY, or put a proxy that speaks TLS in front, or tokens and messages cross the network in the clear`,
  ]
}
