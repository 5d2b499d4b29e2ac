import * as z from 'zod'
import { hosts, id, text, whole } from './readers.js'
import type { Setting } from './settings.js'

/** Where the engines of a cluster are. Without them edges and shard-nodes keep what they have in their own folders. */

const CLUSTER = ['edge', 'shard-node'] as const
const ASKED = ['edge', 'shard-node', 'cluster'] as const
/** Those that read or write what everything committed is published to; a webhook process needs them, and Consul only to be seen. */
const STREAM = ['edge', 'shard-node', 'webhook'] as const

const SECRET = z.string().min(1).max(256)

const url = z
  .string()
  .trim()
  .refine((given) => {
    if (!URL.canParse(given)) return false
    const { protocol, username, password, search, hash } = new URL(given)
    return /^https?:$/.test(protocol) && username + password + search + hash === ''
  })
  .transform((given) => given.replace(/\/+$/, ''))

const HOSTS = 'host:port with commas between them, each once'

function havePortInCommon(addresses: readonly string[]): boolean {
  return new Set(addresses.map((address) => address.slice(address.lastIndexOf(':')))).size === 1
}

export const engineSettings = {
  cluster: {
    env: 'CHAT4ALL_CLUSTER',
    schema: z
      .string()
      .trim()
      .regex(/^[a-z][a-z0-9-]{0,31}$/),
    expected: '1 to 32 of a–z 0–9 -, the first a letter',
    about: 'Name of the cluster: how its Consul services, its keys in Consul and those in Redis begin',
    fallback: 'chat4all',
    roles: [...ASKED, 'webhook'],
  },
  cassandra: {
    env: 'CHAT4ALL_CASSANDRA',
    schema: hosts.refine(havePortInCommon, 'the processes that are learned are reached at the port of these'),
    expected: `${HOSTS}, all with the same port`,
    about: 'Some processes of the Cassandra that keeps everything; the others are learned from them',
    otherwise: 'everything is kept in CHAT4ALL_DATA_DIR',
    roles: [...ASKED, 'webhook'],
  },
  cassandraKeyspace: {
    env: 'CHAT4ALL_CASSANDRA_KEYSPACE',
    schema: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/),
    expected: '1 to 48 of a–z 0–9 _, the first a letter',
    about: 'Its keyspace, made at the first start',
    fallback: 'chat4all',
    roles: [...ASKED, 'webhook'],
  },
  cassandraDatacenter: {
    env: 'CHAT4ALL_CASSANDRA_DATACENTER',
    schema: id,
    expected: 'the name of a data centre, as `nodetool status` shows it',
    about: 'The data centre whose quorum decides',
    fallback: 'datacenter1',
    roles: [...ASKED, 'webhook'],
  },
  cassandraReplication: {
    env: 'CHAT4ALL_CASSANDRA_REPLICATION',
    schema: whole(1, 7),
    expected: 'a whole number from 1 to 7, not above the number of Cassandra processes',
    about: 'Copies of each row, when the keyspace is made. 1 is for trying things out',
    fallback: '3',
    roles: STREAM,
  },
  cassandraUsername: {
    env: 'CHAT4ALL_CASSANDRA_USERNAME',
    schema: text,
    expected: 'the name of a role in Cassandra',
    about: 'Who we are to Cassandra; goes with the next',
    otherwise: 'Cassandra is asked without credentials',
    roles: [...ASKED, 'webhook'],
  },
  cassandraPassword: {
    env: 'CHAT4ALL_CASSANDRA_PASSWORD',
    schema: SECRET,
    expected: '1 to 256 characters',
    about: 'The password of that role',
    otherwise: 'Cassandra is asked without credentials',
    roles: [...ASKED, 'webhook'],
    secret: true,
  },
  consul: {
    env: 'CHAT4ALL_CONSUL',
    schema: url,
    expected: 'http://host:port or https://host:port',
    about: 'The Consul agent that says who is alive; needs CHAT4ALL_CASSANDRA',
    otherwise: 'CHAT4ALL_MEMBERS is a fixed list; webhook processes are announced nowhere',
    roles: [...ASKED, 'webhook'],
  },
  consulToken: {
    env: 'CHAT4ALL_CONSUL_TOKEN',
    schema: SECRET,
    expected: '1 to 256 characters',
    about: 'A Consul token that may write services and keys of the cluster’s name',
    otherwise: 'Consul is asked without a token',
    roles: [...ASKED, 'webhook'],
    secret: true,
  },
  redis: {
    env: 'CHAT4ALL_REDIS',
    schema: hosts,
    expected: HOSTS,
    about: 'Some processes of the Redis cluster that knows on which edge a user is; the others are learned from them',
    otherwise: 'shard-nodes ask all edges, which is right for a handful',
    roles: CLUSTER,
  },
  redisPassword: {
    env: 'CHAT4ALL_REDIS_PASSWORD',
    schema: SECRET,
    expected: '1 to 256 characters',
    about: 'The password of the Redis cluster',
    otherwise: 'Redis is asked without one',
    roles: CLUSTER,
    secret: true,
  },
  kafka: {
    env: 'CHAT4ALL_KAFKA',
    schema: hosts,
    expected: HOSTS,
    about: 'Brokers of the Kafka that everything committed is published to',
    otherwise: 'nothing is published',
    roles: STREAM,
  },
  kafkaTopics: {
    env: 'CHAT4ALL_KAFKA_TOPICS',
    schema: z.string().regex(/^[A-Za-z0-9._-]{0,64}$/),
    expected: '0 to 64 of A–Z a–z 0–9 . _ -',
    about: 'How the names of its topics begin',
    fallback: '',
    roles: STREAM,
  },
  kafkaReplication: {
    env: 'CHAT4ALL_KAFKA_REPLICATION',
    schema: whole(1, 7),
    expected: 'a whole number from 1 to 7, not above the number of brokers',
    about: 'Copies of each partition, when a topic is made. 3 in production',
    otherwise: 'as many as CHAT4ALL_KAFKA names brokers, at most 3',
    roles: ['shard-node'],
  },
} as const satisfies Record<string, Setting<unknown>>
