import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { repositoryFolder } from '../../servers/folders.js'
import type { Recorder } from '../history/history-file.js'
import { Component } from './component.js'
import { ENGINE_KINDS, type EngineProcess, Engines } from './engines.js'
import { dropKeyspace } from './leftovers.js'
import { Network } from './network.js'
import { reservedPort } from './reserved-port.js'

/** Edges and shard-nodes as processes of their own, over the real engines or over none, with a network to disturb. */

export interface ClusterOptions {
  readonly edges: number
  readonly nodes: number
  /** Where data and logs of the run go. */
  readonly folder: string
  /** False: no outside engine; each shard-node has a data folder and a fixed part of the slots. */
  readonly engines: boolean
  /** Whose engines: a set of the run's own by its name, or '' for those that everybody here shares. */
  readonly engineSet: string
  /** Whether everything committed is published to Kafka. */
  readonly kafka: boolean
  /** False: components reach each other directly, and the network cannot be disturbed. */
  readonly network: boolean
  /** By how much the clocks of the shard-nodes differ at most, milliseconds. */
  readonly clockSkewMs: number
  /** Processors for the servers (taskset); undefined: all. */
  readonly processors?: string | undefined
  /** Further settings of every component. */
  readonly environment?: Readonly<Record<string, string>>
}

const REDIRECT = new URL('./redirect.js', import.meta.url).href
const MAIN = join(repositoryFolder, 'cli/dist/main.js')

/** Who dials whom, by kind. */
const DIALS: Readonly<Record<'edge' | 'shard-node', readonly string[]>> = {
  edge: ['cassandra', 'consul', 'redis'],
  'shard-node': ['cassandra', 'consul', 'redis', 'kafka'],
}

export class Cluster {
  readonly name: string
  readonly edges: Component[] = []
  readonly nodes: Component[] = []
  readonly engineSet: Engines
  readonly engines: EngineProcess[]
  readonly network: Network | undefined
  readonly clientId = 'demo'
  readonly clientSecret = randomBytes(16).toString('hex')
  readonly metricsToken = randomBytes(16).toString('hex')
  /** The port that clients of an edge connect to: the way there can be disturbed too. */
  readonly clientPorts = new Map<string, number>()
  private readonly options: ClusterOptions
  private readonly recorder: Recorder
  private readonly tokenKey = randomBytes(32).toString('base64')
  private readonly linkPorts = new Map<string, number>()

  private constructor(
    options: ClusterOptions,
    recorder: Recorder,
    engineSet: Engines,
    engines: EngineProcess[],
    network: Network | undefined,
    name: string,
  ) {
    this.options = options
    this.recorder = recorder
    this.engineSet = engineSet
    this.engines = engines
    this.network = network
    this.name = name
  }

  /** Puts a cluster together without starting it. */
  static async prepare(options: ClusterOptions, recorder: Recorder): Promise<Cluster> {
    const name = `chaos-${randomBytes(4).toString('hex')}`
    const engines = new Engines(options.engineSet)
    const running = options.engines || options.network ? await engines.processes() : []
    if (options.engines) {
      for (const kind of ENGINE_KINDS) {
        if (!running.some((engine) => engine.kind === kind)) {
          throw new Error(
            `${kind} does not run: node ops/dist/engines/main.js start ${ENGINE_KINDS.join(' ')} toxiproxy`,
          )
        }
      }
    }
    const toxiproxy = running.find(({ kind }) => kind === 'toxiproxy')
    if (options.network && toxiproxy === undefined) {
      throw new Error('toxiproxy does not run: node ops/dist/engines/main.js start toxiproxy')
    }
    const network = options.network ? new Network(`http://${toxiproxy!.address}`, name) : undefined
    const used = running.filter(({ kind }) => options.engines && (ENGINE_KINDS as readonly string[]).includes(kind))
    const cluster = new Cluster(options, recorder, engines, used, network, name)
    for (let i = 1; i <= options.nodes; i++) cluster.linkPorts.set(`node-${i}`, await reservedPort())
    for (let i = 1; i <= options.nodes; i++) await cluster.addNode(`node-${i}`)
    for (let i = 1; i <= options.edges; i++) await cluster.addEdge(`edge-${i}`)
    return cluster
  }

  get components(): Component[] {
    return [...this.nodes, ...this.edges]
  }

  component(name: string): Component {
    const found = this.components.find((component) => component.name === name)
    if (found === undefined) throw new Error(`there is no component ${name}`)
    return found
  }

  /** Where the processes of an engine are. */
  addresses(kind: string): string[] {
    return this.engines.filter((engine) => engine.kind === kind).map(({ address }) => address)
  }

  /** The topic of everything committed. */
  get messagesTopic(): string {
    return `${this.name}.messages`
  }

  private get keyspace(): string {
    return this.name.replaceAll('-', '_')
  }

  /** Starts everything and waits until all of it is ready. */
  async start(): Promise<void> {
    for (const component of this.components) component.start()
    await Promise.all(this.components.map((component) => component.ready()))
  }

  /** One more shard-node than there are (with engines only); it has to be started. */
  async addNode(name: string): Promise<Component> {
    if (!this.linkPorts.has(name)) this.linkPorts.set(name, await reservedPort())
    const index = this.nodes.length
    // Alternating: one ahead, the next behind.
    const clockMs = index === 0 ? 0 : (index % 2 === 1 ? 1 : -1) * this.options.clockSkewMs
    const component = await this.make(name, 'shard-node', {
      CHAT4ALL_LINK_HOST: '127.0.0.1',
      CHAT4ALL_LINK_PORT: String(this.linkPorts.get(name)),
      CHAOS_CLOCK_MS: String(clockMs),
    })
    this.nodes.push(component)
    return component
  }

  private async addEdge(name: string): Promise<void> {
    const component = await this.make(name, 'edge', {
      CHAT4ALL_TOKEN_KEY: this.tokenKey,
      CHAT4ALL_TOKEN_TTL: String(7 * 24 * 3600),
      CHAT4ALL_DEMO_SECRET: this.clientSecret,
      CHAT4ALL_FRAMES_PER_SECOND: '1000000',
      CHAT4ALL_USER_SENDS_PER_SECOND: '0',
      CHAT4ALL_ADDRESS_REQUESTS_PER_SECOND: '0',
    })
    this.edges.push(component)
    const listen = await this.network?.open('clients', name, `127.0.0.1:${component.port}`)
    this.clientPorts.set(name, listen === undefined ? component.port : Number(listen.split(':').at(-1)))
  }

  private async make(
    name: string,
    role: 'edge' | 'shard-node',
    environment: Record<string, string>,
  ): Promise<Component> {
    const { folder, engines, kafka, processors } = this.options
    const port = await reservedPort()
    mkdirSync(join(folder, name), { recursive: true })
    return new Component(
      {
        name,
        role,
        port,
        args: ['--import', REDIRECT, MAIN, role],
        logFile: join(folder, `${name}.log`),
        processors,
        environment: {
          CHAT4ALL_HOST: '127.0.0.1',
          CHAT4ALL_PORT: String(port),
          CHAT4ALL_NODE_ID: name,
          CHAT4ALL_LINK_SECRET: 'the secret of all links',
          CHAT4ALL_METRICS_TOKEN: this.metricsToken,
          CHAT4ALL_DRAIN_MS: '500',
          ...(engines ? this.engineSettings(kafka) : this.folderSettings(name)),
          CHAOS_ROUTES: await this.routes(name, role),
          ...environment,
          ...this.options.environment,
        },
      },
      this.recorder,
    )
  }

  private engineSettings(kafka: boolean): Record<string, string> {
    const cassandra = this.addresses('cassandra')
    return {
      CHAT4ALL_CLUSTER: this.name,
      CHAT4ALL_CASSANDRA: cassandra.join(','),
      CHAT4ALL_CASSANDRA_KEYSPACE: this.keyspace,
      CHAT4ALL_CASSANDRA_REPLICATION: String(Math.min(3, cassandra.length)),
      CHAT4ALL_CONSUL: `http://${this.addresses('consul')[0]}`,
      CHAT4ALL_REDIS: this.addresses('redis').join(','),
      ...(kafka && { CHAT4ALL_KAFKA: this.addresses('kafka').join(','), CHAT4ALL_KAFKA_TOPICS: `${this.name}.` }),
    }
  }

  private folderSettings(name: string): Record<string, string> {
    const members = [...this.linkPorts].map(([node, port]) => `${node}@127.0.0.1:${port}`)
    return { CHAT4ALL_MEMBERS: members.join(','), CHAT4ALL_DATA_DIR: join(this.options.folder, name) }
  }

  /** A way of its own to everything that the component dials. */
  private async routes(name: string, role: 'edge' | 'shard-node'): Promise<string> {
    const { network } = this
    if (network === undefined) return ''
    const routes: string[] = []
    for (const engine of this.engines) {
      if (!DIALS[role].includes(engine.kind)) continue
      routes.push(`${engine.address}=${await network.open(name, engine.kind, engine.address)}`)
    }
    for (const [node, port] of this.linkPorts) {
      if (node === name) continue
      const target = `127.0.0.1:${port}`
      routes.push(`${target}=${await network.open(name, node, target)}`)
    }
    return routes.join(',')
  }

  /** Ends everything, and takes away what it left in the engines. */
  async end(): Promise<void> {
    for (const component of this.components) component.resume()
    await Promise.all(this.components.map((component) => component.kill()))
    await this.network?.close()
    const consul = this.engines.find(({ kind }) => kind === 'consul')
    if (consul === undefined) return
    const url = `http://${consul.address}/v1`
    for (const { name, role } of this.components) {
      await fetch(`${url}/agent/service/deregister/${this.name}-${role}.${name}`, { method: 'PUT' }).catch(() => {})
    }
    await fetch(`${url}/kv/${this.name}/?recurse`, { method: 'DELETE' }).catch(() => {})
    await dropKeyspace(this.addresses('cassandra'), this.keyspace).catch(() => {})
  }
}
