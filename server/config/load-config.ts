import type { NodeId } from '@chat4all/protocol'
import type { LinkTls } from '@chat4all/router'
import { nearestName } from './nearest-name.js'
import { type Config, flagOf, type Role, type Setting, type SettingName, settings, settingsOf } from './settings.js'

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
const NAMES_OF_OTHERS = new Set(['CHAT4ALL_HOME', 'CHAT4ALL_PROFILE', 'CHAT4ALL_CLIENT_SECRET'])

/**
 * The configuration of a role from flags (first) and environment.
 * @throws ConfigError that names every wrong setting, what was given (secrets masked) and what is expected.
 */
export function loadConfig(role: Role, environment: NodeJS.ProcessEnv, flags: Flags = {}): LoadedConfig {
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
  if (role !== 'all') faults.push(...clusterFaults(role, config, wrong))
  if (faults.length > 0) throw new ConfigError(faults)
  return { config, warnings: [...unknownNames(environment), ...exposureWarnings(config)] }
}

/** TLS of links, as the three settings together say. */
export function linkTls({ linkCa: ca, linkCert: cert, linkKey: key }: Config): LinkTls | undefined {
  return ca === undefined || cert === undefined || key === undefined ? undefined : { ca, cert, key }
}

/** This shard-node's entry in the list of members. */
export function ownMember(config: Config): { node: NodeId; address: string; host: string; port: number } {
  const { node, address } = config.members!.find((member) => member.node === config.nodeId)!
  const colon = address.lastIndexOf(':')
  return {
    node,
    address,
    host: config.linkHost ?? address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
    port: config.linkPort ?? Number(address.slice(colon + 1)),
  }
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
  const need = (name: SettingName): void => {
    if (config[name] === undefined && !wrong.has(name)) {
      faults.push(`${settings[name].env}: expected ${settings[name].expected}; nothing was given, and ${role} needs it`)
    }
  }
  need('nodeId')
  need('members')
  if (role === 'edge') need('tokenKey')
  const { members, nodeId, linkSecret } = config
  const tls = (['linkCa', 'linkCert', 'linkKey'] as const).filter(
    (name) => config[name] !== undefined || wrong.has(name),
  )
  if (tls.length === 1 || tls.length === 2) {
    const names = tls.map((name) => settings[name].env)
    faults.push(`${names.join(' and ')}: expected CHAT4ALL_LINK_CA, _CERT and _KEY together, or none of them`)
  }
  if (members === undefined || nodeId === undefined) return faults
  if (role === 'shard-node' && !members.some(({ node }) => node === nodeId)) {
    faults.push(
      `CHAT4ALL_NODE_ID: expected one of CHAT4ALL_MEMBERS (${members.map(({ node }) => node).join(', ')}); got '${nodeId}'`,
    )
    return faults
  }
  const hosts = members.map(({ address }) => address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1'))
  if (role === 'shard-node') hosts.push(ownMember(config).host)
  const outside = hosts.find((host) => !isLoopback(host))
  if (outside !== undefined && tls.length === 0 && linkSecret === undefined && !wrong.has('linkSecret')) {
    faults.push(
      `CHAT4ALL_LINK_SECRET: expected ${settings.linkSecret.expected}; nothing was given, and links leave this machine ` +
        `(${outside}): whoever reaches a shard-node could speak for any user`,
    )
  }
  return faults
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

function exposureWarnings({ host }: Config): string[] {
  if (isLoopback(host)) return []
  return [
    `listening on ${host} without TLS: put a proxy that speaks TLS in front, or tokens and messages cross the network in the clear`,
  ]
}
