import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EngineCluster } from './engine-cluster.js'

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))

interface Status {
  readonly nodes: readonly {
    readonly node: string
    readonly health: string
    readonly weight: number
    readonly draining: boolean
    readonly slotsOwned: number
    readonly slotsDesired: number
    readonly epochMax: number
    readonly log: string
    readonly cursors: { readonly materialised: number }
    readonly metrics: {
      readonly links: number
      readonly handoffs: { readonly count: number; readonly pauseMsP99: number }
    }
  }[]
  readonly edges: readonly { readonly edge: string; readonly health: string; readonly http: string }[]
  readonly slots: { readonly owned: number; readonly moving: number; readonly orphaned: number }
  readonly problems: readonly string[]
}

describe('chat4all cluster', () => {
  const cluster = new EngineCluster()
  const [first, second] = [`${cluster.name}-node-1`, `${cluster.name}-node-2`]

  before(async () => {
    await cluster.spawn('shard-node', 'node-1')
    await cluster.spawn('shard-node', 'node-2')
    await cluster.spawn('edge', 'edge-1')
    await Promise.all([...cluster.processes.values()].map((process) => process.ready()))
  })
  after(() => cluster.end())

  async function chat4all(args: readonly string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, [MAIN, 'cluster', ...args], {
      env: { PATH: process.env.PATH, ...cluster.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    await once(child, 'close')
    return { code: child.exitCode, out, err }
  }

  async function status(): Promise<Status> {
    const { code, out, err } = await chat4all(['status', '--json'])
    assert.equal(code, 0, err)
    return JSON.parse(out) as Status
  }

  async function until(holds: (status: Status) => boolean): Promise<Status> {
    for (const deadline = Date.now() + 90_000; ; ) {
      const now = await status()
      if (holds(now)) return now
      assert.ok(Date.now() < deadline, JSON.stringify(now))
    }
  }

  test('status tells of every node, its slots, epochs, log and cursors, and of every edge', async () => {
    const { nodes, edges, slots, problems } = await until(({ slots }) => slots.moving === 0)
    assert.deepEqual(problems, [])
    assert.deepEqual(slots, { owned: 1024, moving: 0, orphaned: 0 })
    assert.deepEqual(
      nodes.map(({ node, health, weight, draining }) => [node, health, weight, draining]),
      [
        [first, 'passing', 1, false],
        [second, 'passing', 1, false],
      ],
    )
    for (const node of nodes) {
      assert.equal(node.slotsOwned, node.slotsDesired)
      assert.ok(node.slotsOwned > 300 && node.epochMax >= 1)
      assert.ok(node.log.startsWith(`${node.node}.`))
      assert.ok(node.cursors.materialised >= 0)
      assert.ok(node.metrics.links >= 1)
    }
    assert.deepEqual(
      edges.map(({ edge, health }) => [edge, health]),
      [[`${cluster.name}-edge-1`, 'passing']],
    )
    const { out } = await chat4all(['status'])
    assert.match(out, new RegExp(`^${first} +passing +1 +\\d+ +\\d+`, 'm'))
    assert.match(out, /slots: 1024 owned, 0 on their way, 0 of dead nodes/)
  })

  test('drain empties a node that stays a member; rebalance gives it its slots back', async () => {
    const { code, out, err } = await chat4all(['drain', second, '--wait'])
    assert.equal(code, 0, err)
    assert.match(out, new RegExp(`${second} owns no slot`))
    const drained = await status()
    const [taker, giver] = drained.nodes
    assert.deepEqual([giver!.health, giver!.draining, giver!.slotsOwned, taker!.slotsOwned], ['passing', true, 0, 1024])
    assert.ok(giver!.metrics.handoffs.count >= 300)
    assert.deepEqual(
      await cluster
        .process('node-2')
        .end('SIGTERM')
        .then(() => chat4all(['drain', first]))
        .then(({ code, err }) => [code, err]),
      [1, `chat4all: no other shard-node could take the slots of ${first}: start one first\n`],
    )
    await (await cluster.spawn('shard-node', 'node-2')).ready()
    assert.match((await chat4all(['rebalance'])).out, new RegExp(`^${second}: own weight again`))
    const { nodes } = await until(({ slots, nodes }) => slots.moving === 0 && nodes[1]!.slotsOwned > 300)
    assert.ok(nodes[0]!.epochMax >= 1 && nodes[1]!.epochMax >= 3)
    assert.match((await chat4all(['rebalance'])).out, /No weight was set/)
  })

  test('what is not there is named, and what is there is shown', async () => {
    const unknown = await chat4all(['drain', 'nobody'])
    assert.deepEqual(
      [unknown.code, unknown.err],
      [1, `chat4all: ${cluster.name} has no shard-node nobody; it has ${first}, ${second}\n`],
    )
    const noCassandra = await chat4all(['status'], { CHAT4ALL_CASSANDRA: '127.0.0.1:9' })
    assert.equal(noCassandra.code, 1)
    assert.match(noCassandra.out, /Cassandra at 127\.0\.0\.1:9 cannot be asked \(CHAT4ALL_CASSANDRA\): .*ECONNREFUSED/)
    assert.match(noCassandra.out, new RegExp(`^${first} +passing +1 +– +\\d+`, 'm'))
    const wrongToken = await chat4all(['status'], { CHAT4ALL_METRICS_TOKEN: 'a-token-of-somebody-else' })
    assert.equal(wrongToken.code, 1)
    assert.match(wrongToken.out, new RegExp(`The metrics of ${first} at http:\\S+ cannot be read: it answered 40[13]`))
    const noConsul = await chat4all(['status'], { CHAT4ALL_CONSUL: 'http://127.0.0.1:9' })
    assert.equal(noConsul.code, 1)
    assert.match(
      noConsul.out,
      /Consul at http:\/\/127\.0\.0\.1:9 cannot be asked \(CHAT4ALL_CONSUL\): .*(ECONNREFUSED|bad port)/,
    )
    assert.match(noConsul.out, new RegExp(`^${first} +unknown`, 'm'))
    const nothing = await chat4all(['status'], { CHAT4ALL_CONSUL: '', CHAT4ALL_CASSANDRA: '' })
    assert.equal(nothing.code, 78)
    assert.match(nothing.err, /CHAT4ALL_CONSUL: .*\n.*CHAT4ALL_CASSANDRA: /)
  })
})
