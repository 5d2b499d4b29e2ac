import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '@chat4all/sdk'
import { EngineCluster, eventually, Heard } from './engine-cluster.js'
import { Stalls } from './stalls.js'

const CONVERSATIONS = 24
const NODES = ['node-1', 'node-2', 'node-3']
const FAILOVER_MS_MAX = 5_000

interface Talk {
  readonly id: string
  readonly from: Client
  readonly sent: string[]
  readonly heard: Heard
  readonly seqs: number[]
}

describe('two edges and three shard-nodes on Cassandra, Consul, Redis and Kafka', () => {
  const cluster = new EngineCluster()
  let ann: Client
  let bob: Client
  let talks: Talk[]
  /** Sessions that ended, by user. */
  const closed: string[] = []

  before(async () => {
    // All at once on empty engines: whoever is first makes the tables.
    await Promise.all([
      ...NODES.map((name) => cluster.spawn('shard-node', name)),
      ...['edge-1', 'edge-2'].map((name) => cluster.spawn('edge', name)),
    ])
    await Promise.all([...cluster.processes.values()].map((process) => process.ready()))
    ann = await cluster.connect('ann', 'edge-1')
    bob = await cluster.connect('bob', 'edge-2')
    for (const [name, user] of [
      ['ann', ann],
      ['bob', bob],
    ] as const) {
      user.on('state', ({ status }) => {
        if (status !== 'online') closed.push(name)
      })
    }
    talks = await Promise.all(
      Array.from({ length: CONVERSATIONS }, async (): Promise<Talk> => {
        const { id } = await ann.createGroup(['ann', 'bob'])
        return { id, from: ann, sent: [], heard: new Heard(bob, id), seqs: [] }
      }),
    )
  })
  after(() => cluster.end())

  let count = 0
  /** One message in every conversation; resolves when all are committed. */
  async function sayEverywhere(): Promise<void> {
    await Promise.all(
      talks.map(async (talk) => {
        const text = `message ${++count}`
        talk.sent.push(text)
        talk.seqs.push((await talk.from.send(talk.id, text).result).seq)
      }),
    )
  }

  async function nothingIsLostOrDoubled(): Promise<void> {
    const missing = () => talks.filter(({ sent, heard }) => heard.texts.length < sent.length).length
    await eventually(
      () => missing() === 0,
      60_000,
      () => `${missing()} conversations lack messages`,
    )
    for (const { id, sent, heard, seqs } of talks) {
      assert.deepEqual(heard.texts, sent)
      assert.deepEqual(heard.seqs, seqs)
      const { messages } = await bob.history(id, { limit: 200 })
      const texts = messages.flatMap(({ payload }) => (payload.type === 'text' ? [payload.text] : []))
      assert.deepEqual(texts, sent.slice(-texts.length))
    }
  }

  test('users of different edges talk, and all three nodes own slots', async () => {
    for (let round = 0; round < 5; round++) await sayEverywhere()
    await nothingIsLostOrDoubled()
    for (const name of NODES) {
      const slots = [...cluster.process(name).output.matchAll(/"slots":(\d+),"msg":"serving slots"/g)].at(-1)?.[1]
      assert.ok(Number(slots) > 200, `${name} serves ${slots} slots`)
    }
  })

  test('kill -9 of a shard-node: others serve its slots within 5 s, no session ends, nothing is lost or doubled', async (t) => {
    const stalls = new Stalls()
    const began = performance.now()
    await cluster.process('node-2').end('SIGKILL')
    await sayEverywhere()
    const tookMs = performance.now() - began
    const msMax = stalls.boundMs(FAILOVER_MS_MAX)
    stalls.stop()
    t.diagnostic(`every conversation had an answer after ${Math.round(tookMs)} ms, of ${Math.round(msMax)}`)
    for (let round = 0; round < 4; round++) await sayEverywhere()
    assert.ok(tookMs < msMax, `it took ${tookMs} ms until every conversation had an answer`)
    await nothingIsLostOrDoubled()
    assert.deepEqual(closed, [])
  })

  test('it comes back, and gets slots without anybody waiting long', async () => {
    await (await cluster.spawn('shard-node', 'node-2')).ready()
    const stalls = new Stalls()
    let slowestMs = 0
    for (const until = performance.now() + 3_000; performance.now() < until; ) {
      const began = performance.now()
      await sayEverywhere()
      slowestMs = Math.max(slowestMs, performance.now() - began)
    }
    await nothingIsLostOrDoubled()
    assert.ok(slowestMs < stalls.boundMs(3_000), `a round took ${slowestMs} ms`)
    stalls.stop()
    for (const name of NODES) assert.doesNotMatch(cluster.process(name).output, /"deposed/, name)
    assert.deepEqual(closed, [])
  })

  test('every shard-node is restarted in turn: no session ends, nothing is lost or doubled', async () => {
    for (const name of NODES) {
      const stopping = cluster.process(name).end('SIGTERM')
      await sayEverywhere()
      assert.equal(await stopping, 0, cluster.process(name).output.slice(-2_000))
      await sayEverywhere()
      await (await cluster.spawn('shard-node', name)).ready()
      await sayEverywhere()
    }
    await nothingIsLostOrDoubled()
    assert.deepEqual(closed, [])
  })

  test('an edge is restarted: its users come back to it and miss nothing', async () => {
    const stopping = cluster.process('edge-2').end('SIGTERM')
    for (let round = 0; round < 3; round++) await sayEverywhere()
    assert.equal(await stopping, 0)
    await (await cluster.spawn('edge', 'edge-2')).ready()
    for (let round = 0; round < 3; round++) await sayEverywhere()
    await eventually(
      () => bob.state.status === 'online',
      60_000,
      () => `bob is ${bob.state.status}`,
    )
    await nothingIsLostOrDoubled()
  })
})
