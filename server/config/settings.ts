import { readFileSync } from 'node:fs'
import { type Member, parseMembers } from '@chat4all/router'
import * as z from 'zod'
import { engineSettings } from './engine-settings.js'
import { fileSettings } from './file-settings.js'
import { address, id, port, text, whole } from './readers.js'
import { trafficSettings } from './traffic-settings.js'
import { webhookSettings } from './webhook-settings.js'

/**
 * Every setting of the server, described once: the parser, `--help`, docs/configuration.md and the messages about
 * wrong values all come from this table.
 */

export type Role = 'all' | 'edge' | 'shard-node' | 'webhook'
/** Who reads settings: the roles, and `chat4all cluster`, which asks the engines how a cluster is. */
export type Reader = Role | 'cluster'

export interface Setting<Value> {
  /** Reads the text of the environment or the command line. */
  readonly schema: z.ZodType<Value, string>
  readonly env: string
  /** What a good value looks like, for messages and the reference: "a port from 0 to 65535". */
  readonly expected: string
  readonly about: string
  /** Text used when nothing is given; undefined: the setting stays undefined. */
  readonly fallback?: string
  /** Says in the reference what happens without it, when there is no `fallback`. */
  readonly otherwise?: string
  readonly roles: readonly Reader[]
  /** Never shown, and not taken from the command line, which every user of the machine can read. */
  readonly secret?: true
}

const EVERY_ROLE = ['all', 'edge', 'shard-node', 'webhook'] as const
const WITH_FOLDER = ['all', 'edge', 'shard-node'] as const
const EDGES = ['all', 'edge'] as const
const CLUSTER = ['edge', 'shard-node'] as const

const members = z.string().transform((given, context): readonly Member[] => {
  try {
    return parseMembers(given)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
})

const ports = z
  .string()
  .transform((given) => given.split(',').map((part) => part.trim()))
  .pipe(z.array(port).refine((all) => all.every((each, i) => each === 0 || all.indexOf(each) === i)))

/** The text of a PEM file that holds what is wanted. */
function pemFile(label: RegExp): z.ZodType<string, string> {
  return z.string().transform((file, context) => {
    try {
      const text = readFileSync(file, 'utf8')
      if (label.test(text)) return text
      context.addIssue({ code: 'custom', message: 'no such PEM block is in it' })
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
    }
    return z.NEVER
  })
}

const CERTIFICATE = /^-----BEGIN CERTIFICATE-----$/m
const PRIVATE_KEY = /^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----$/m

/** The path of such a file: it is read again when it changes. */
function fileOf(label: RegExp): z.ZodType<string, string> {
  return z.string().superRefine((file, context) => {
    const read = pemFile(label).safeParse(file)
    for (const { message } of read.error?.issues ?? []) context.addIssue({ code: 'custom', message })
  })
}

const base64Key = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9+/_-]+={0,2}$/)
  .transform((given): Uint8Array => Buffer.from(given, 'base64'))
  .refine((bytes) => bytes.length >= 32)

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const seconds = { expected: 'whole seconds from 10 to 2592000 (30 days)', schema: whole(10, 2_592_000) }

export const settings = {
  host: {
    env: 'CHAT4ALL_HOST',
    schema: text,
    expected: 'an address of this machine to listen on',
    about: 'Where clients reach this process: WebSocket, REST, web chat, health and metrics',
    fallback: '127.0.0.1',
    roles: EVERY_ROLE,
  },
  port: {
    env: 'CHAT4ALL_PORT',
    schema: port,
    expected: 'a port from 0 to 65535 (0: any free one)',
    about: 'Port of the same',
    fallback: '8080',
    roles: EVERY_ROLE,
  },
  tlsCert: {
    env: 'CHAT4ALL_TLS_CERT',
    schema: fileOf(CERTIFICATE),
    expected: 'a PEM file with a certificate, those that it rests on behind it',
    about: 'TLS where clients come: goes with the next. Renewed files are taken up while the server runs, or on SIGHUP',
    otherwise: 'clients come in the clear',
    roles: EDGES,
  },
  tlsKey: {
    env: 'CHAT4ALL_TLS_KEY',
    schema: fileOf(PRIVATE_KEY),
    expected: 'a PEM file with a private key',
    about: 'The key of that certificate',
    otherwise: 'clients come in the clear',
    roles: EDGES,
  },
  edgePorts: {
    env: 'CHAT4ALL_EDGE_PORTS',
    schema: ports,
    expected: 'ports from 0 to 65535 with commas between them, each once',
    about: 'Ports of further edges in this process, one edge on each',
    otherwise: 'one edge, on CHAT4ALL_PORT',
    roles: ['all'],
  },
  nodes: {
    env: 'CHAT4ALL_NODES',
    schema: whole(1, 16),
    expected: 'a whole number from 1 to 16',
    about: 'Shard-nodes in this process',
    fallback: '1',
    roles: ['all'],
  },
  dataDir: {
    env: 'CHAT4ALL_DATA_DIR',
    schema: text,
    expected: 'a folder; it is created when it does not exist',
    about: 'Where everything is kept: logs, views, keys. One process per folder. Not used with CHAT4ALL_CASSANDRA',
    fallback: './data',
    roles: WITH_FOLDER,
  },
  webDir: {
    env: 'CHAT4ALL_WEB_DIR',
    schema: text,
    expected: 'a folder with an index.html',
    about: 'The built web chat that is served at /',
    otherwise: 'the one of this installation',
    roles: EDGES,
  },
  nodeId: {
    env: 'CHAT4ALL_NODE_ID',
    schema: id,
    expected: '1 to 64 characters of A–Z a–z 0–9 . _ -, the first a letter or digit',
    about: 'Name of this process in the cluster; without Consul, a shard-node’s is one of CHAT4ALL_MEMBERS',
    roles: [...CLUSTER, 'webhook'],
  },
  members: {
    env: 'CHAT4ALL_MEMBERS',
    schema: members,
    expected: 'node@host:port with commas between them, each node and address once',
    about: 'All shard-nodes of the cluster, the same list for every process',
    otherwise: 'members come from CHAT4ALL_CONSUL',
    roles: CLUSTER,
  },
  linkHost: {
    env: 'CHAT4ALL_LINK_HOST',
    schema: text,
    expected: 'an address of this machine to listen on',
    about: 'Where this shard-node takes links from edges and other shard-nodes',
    otherwise: 'the host of this node in CHAT4ALL_MEMBERS; with Consul 127.0.0.1',
    roles: ['shard-node'],
  },
  linkPort: {
    env: 'CHAT4ALL_LINK_PORT',
    schema: port,
    expected: 'a port from 0 to 65535',
    about: 'Port of the same',
    otherwise: 'the port of this node in CHAT4ALL_MEMBERS; with Consul any free one',
    roles: ['shard-node'],
  },
  linkAdvertise: {
    env: 'CHAT4ALL_LINK_ADVERTISE',
    schema: address,
    expected: 'host:port',
    about: 'Where others dial this shard-node, when it differs from where it listens (address translation, proxies)',
    otherwise: 'where it listens; needed with Consul when that is every address of the machine',
    roles: ['shard-node'],
  },
  nodeWeight: {
    env: 'CHAT4ALL_NODE_WEIGHT',
    schema: z
      .string()
      .trim()
      .regex(/^\d{1,3}(\.\d{1,2})?$/)
      .transform(Number)
      .pipe(z.number().min(0).max(100)),
    expected: 'a number from 0 to 100',
    about: 'Share of the slots that this shard-node takes, relative to others; needs CHAT4ALL_CONSUL when it is not 1',
    fallback: '1',
    roles: ['shard-node'],
  },
  linkSecret: {
    env: 'CHAT4ALL_LINK_SECRET',
    schema: z.string().min(16).max(256),
    expected: '16 to 256 characters, the same in every process of the cluster',
    about: 'What edges and shard-nodes show to shard-nodes. Needed, or TLS, unless links stay on this machine',
    otherwise: 'links ask for none',
    roles: CLUSTER,
    secret: true,
  },
  linkCa: {
    env: 'CHAT4ALL_LINK_CA',
    schema: pemFile(CERTIFICATE),
    expected: 'a PEM file with a certificate',
    about: 'The authority whose certificates edges and shard-nodes accept from each other; goes with the next two',
    otherwise: 'links are plain TCP',
    roles: CLUSTER,
  },
  linkCert: {
    env: 'CHAT4ALL_LINK_CERT',
    schema: pemFile(CERTIFICATE),
    expected: 'a PEM file with a certificate',
    about: 'The certificate of this process; a shard-node’s has its CHAT4ALL_NODE_ID as a DNS name',
    otherwise: 'links are plain TCP',
    roles: CLUSTER,
  },
  linkKey: {
    env: 'CHAT4ALL_LINK_KEY',
    schema: pemFile(PRIVATE_KEY),
    expected: 'a PEM file with a private key',
    about: 'The key of that certificate',
    otherwise: 'links are plain TCP',
    roles: CLUSTER,
  },
  tokenKey: {
    env: 'CHAT4ALL_TOKEN_KEY',
    schema: base64Key,
    expected: 'base64 of at least 32 random bytes (openssl rand -base64 32), the same on every edge',
    about: 'Signs access tokens',
    otherwise: '`all` makes one and keeps it in the data folder; `edge` needs one',
    roles: EDGES,
    secret: true,
  },
  tokenSeconds: {
    env: 'CHAT4ALL_TOKEN_TTL',
    ...seconds,
    about: 'How long an access token lasts',
    fallback: '3600',
    roles: EDGES,
  },
  demoSecret: {
    env: 'CHAT4ALL_DEMO_SECRET',
    schema: z.string().min(8).max(256),
    expected: '8 to 256 characters',
    about: 'Makes the app `demo` exist, with this client_secret',
    otherwise: '`all --demo` makes one and keeps it in the data folder; else there is no app `demo`',
    roles: EDGES,
    secret: true,
  },
  adminToken: {
    env: 'CHAT4ALL_ADMIN_TOKEN',
    schema: z.string().regex(/^[\x21-\x7e]{32,256}$/),
    expected: '32 to 256 ASCII characters without spaces (openssl rand -base64 32), the same on every edge',
    about: 'Bearer token of operators: opens the admin API, which sets up apps (`chat4all admin`)',
    otherwise: 'there is no admin API',
    roles: EDGES,
    secret: true,
  },
  metricsToken: {
    env: 'CHAT4ALL_METRICS_TOKEN',
    schema: z.string().regex(/^[\x21-\x7e]{16,256}$/),
    expected: '16 to 256 ASCII characters without spaces',
    about: 'Bearer token that may read /metrics',
    otherwise: 'only service tokens may; on a shard-node nobody',
    roles: [...EVERY_ROLE, 'cluster'],
    secret: true,
  },
  logLevel: {
    env: 'CHAT4ALL_LOG_LEVEL',
    schema: z.enum(LOG_LEVELS),
    expected: `one of ${LOG_LEVELS.join(', ')}`,
    about: 'Least severe level that is logged',
    fallback: 'info',
    roles: EVERY_ROLE,
  },
  framesPerSecond: {
    env: 'CHAT4ALL_FRAMES_PER_SECOND',
    schema: whole(1, 1_000_000),
    expected: 'a whole number from 1 to 1000000',
    about: 'Frames that one session may send per second, on average',
    fallback: '1000',
    roles: EDGES,
  },
  slowConsumerBytes: {
    env: 'CHAT4ALL_SLOW_CONSUMER_BYTES',
    schema: whole(524_288, 1_073_741_824),
    expected: 'bytes from 524288 to 1073741824',
    about: 'What may wait for a session before it is closed as too slow (it resumes later)',
    fallback: '1048576',
    roles: EDGES,
  },
  drainMs: {
    env: 'CHAT4ALL_DRAIN_MS',
    schema: whole(0, 600_000),
    expected: 'milliseconds from 0 to 600000',
    about: 'Over how long sessions are told to reconnect when the process is asked to stop',
    fallback: '5000',
    roles: EDGES,
  },
  ...trafficSettings,
  ...engineSettings,
  ...fileSettings,
  ...webhookSettings,
} as const satisfies Record<string, Setting<unknown>>

export type SettingName = keyof typeof settings

type Read<S> = S extends { schema: z.ZodType<infer Value, string> }
  ? S extends { fallback: string }
    ? Value
    : Value | undefined
  : never

/** The configuration as every role sees it: values checked, defaults filled in. */
export type Config = { readonly [Name in SettingName]: Read<(typeof settings)[Name]> }

/** The flag of a setting: that of CHAT4ALL_DATA_DIR is --data-dir. Secrets have none. */
export function flagOf(setting: Setting<unknown>): string | undefined {
  if (setting.secret) return undefined
  return `--${setting.env.replace('CHAT4ALL_', '').toLowerCase().replaceAll('_', '-')}`
}

/** The settings that a role, or `chat4all cluster`, reads, in the order of the table. */
export function settingsOf(role: Reader): [SettingName, Setting<unknown>][] {
  return (Object.entries(settings) as [SettingName, Setting<unknown>][]).filter(([, { roles }]) => roles.includes(role))
}
