import { randomBytes } from 'node:crypto'
import { testEngine } from '@chat4all/protocol/testing'
import { Client, type Message, requestToken } from '@chat4all/sdk'
import { WebSocket } from '@chat4all/sdk/node'
import { dropKeyspace } from '@chat4all/server/testing'
import { freePort, ServerProcess } from './server-process.js'

const SECRET = 'a-secret-for-this-test-only'

/** Where the engines for tests are; a suite that uses this is named `x.cluster.test.ts`. */
export const ENGINES = {
  cassandra: testEngine('CHAT4ALL_TEST_CASSANDRA'),
  consul: testEngine('CHAT4ALL_TEST_CONSUL'),
  redis: testEngine('CHAT4ALL_TEST_REDIS'),
  kafka: testEngine('CHAT4ALL_TEST_KAFKA'),
}

/** Edges and shard-nodes as processes of their own, on a keyspace and under a name of their own. */
export class EngineCluster {
  readonly name = `test-${randomBytes(4).toString('hex')}`
  readonly processes = new Map<string, ServerProcess>()
  readonly environment: Record<string, string>
  private readonly clients: Client[] = []
  private readonly ports = new Map<string, number>()

  constructor(environment: Readonly<Record<string, string>> = {}) {
    this.environment = {
      CHAT4ALL_CLUSTER: this.name,
      CHAT4ALL_CASSANDRA: ENGINES.cassandra,
      CHAT4ALL_CASSANDRA_KEYSPACE: this.name.replace('-', '_'),
      CHAT4ALL_CASSANDRA_REPLICATION: '1',
      CHAT4ALL_CONSUL: ENGINES.consul,
      CHAT4ALL_REDIS: ENGINES.redis,
      CHAT4ALL_KAFKA: ENGINES.kafka,
      // One topic for all runs: they only write.
      CHAT4ALL_KAFKA_TOPICS: 'cluster-suite.',
      CHAT4ALL_LINK_SECRET: 'the secret of all links',
      CHAT4ALL_TOKEN_KEY: randomBytes(32).toString('base64'),
      CHAT4ALL_DEMO_SECRET: SECRET,
      CHAT4ALL_METRICS_TOKEN: 'a-token-for-metrics',
      CHAT4ALL_DRAIN_MS: '200',
      ...environment,
    }
  }

  /** Starts without waiting; the same name gets the same port again. */
  async spawn(
    role: 'edge' | 'shard-node' | 'webhook',
    name: string,
    environment: Record<string, string> = {},
  ): Promise<ServerProcess> {
    const port = this.ports.get(name) ?? (await freePort())
    this.ports.set(name, port)
    const id = `${this.name}-${name}`
    const process = ServerProcess.spawn([role], { ...this.environment, CHAT4ALL_NODE_ID: id, ...environment }, port)
    this.processes.set(name, process)
    return process
  }

  process(name: string): ServerProcess {
    const process = this.processes.get(name)
    if (process === undefined) throw new Error(`${name} was not started`)
    return process
  }

  /** A user who is connected to an edge. */
  async connect(user: string, edge: string): Promise<Client> {
    const { url } = this.process(edge)
    const token = async () => (await requestToken(url, { clientId: 'demo', clientSecret: SECRET, user })).accessToken
    const client = new Client({ url, token, WebSocket })
    this.clients.push(client)
    await client.connect()
    return client
  }

  /** Ends everything, and takes away what it left in the engines. */
  async end(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()))
    await Promise.all([...this.processes.values()].map((process) => process.end('SIGKILL')))
    for (const kind of ['shard-node', 'edge', 'webhook']) {
      for (const name of this.processes.keys()) {
        const id = `${this.name}-${kind}.${this.name}-${name}`
        await fetch(`${ENGINES.consul}/v1/agent/service/deregister/${id}`, { method: 'PUT' })
      }
    }
    await fetch(`${ENGINES.consul}/v1/kv/${this.name}/?recurse`, { method: 'DELETE' })
    const { CHAT4ALL_CASSANDRA, CHAT4ALL_CASSANDRA_KEYSPACE } = this.environment
    await dropKeyspace(CHAT4ALL_CASSANDRA!.split(','), CHAT4ALL_CASSANDRA_KEYSPACE!)
  }
}

/** What a user heard in a conversation, in order. */
export class Heard {
  readonly texts: string[] = []
  readonly seqs: number[] = []
  /** When each came, in milliseconds. */
  readonly times: number[] = []

  constructor(client: Client, conversation: string) {
    client.on('message', (message: Message) => {
      if (message.conversation !== conversation || message.payload.type !== 'text') return
      this.texts.push(message.payload.text)
      this.seqs.push(message.seq)
      this.times.push(performance.now())
    })
  }
}

/** Resolves when it holds. */
export async function eventually(holds: () => boolean, msMax: number, what: () => string): Promise<void> {
  for (const until = Date.now() + msMax; !holds(); ) {
    if (Date.now() > until) throw new Error(`not within ${msMax} ms: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
