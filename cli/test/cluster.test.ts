import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Client, type Message, requestToken } from '@chat4all/sdk'
import { WebSocket } from '@chat4all/sdk/node'
import { freePort, ServerProcess } from './server-process.js'

const SECRET = 'a-secret-for-this-test-only'
const USERS = 6
const ROUNDS = 5

describe('two edges and two shard-nodes, each a process with its own data folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chat4all-cluster-'))
  const nodes: ServerProcess[] = []
  const edges: ServerProcess[] = []
  const clients: Client[] = []
  let common: Record<string, string>

  const start = async (role: string, id: string, environment: Record<string, string> = {}) =>
    ServerProcess.spawn(
      [role],
      { ...common, CHAT4ALL_NODE_ID: id, CHAT4ALL_DATA_DIR: join(folder, id), ...environment },
      await freePort(),
    )

  before(async () => {
    common = {
      CHAT4ALL_MEMBERS: `node-1@127.0.0.1:${await freePort()},node-2@127.0.0.1:${await freePort()}`,
      CHAT4ALL_LINK_SECRET: 'the secret of all links',
      CHAT4ALL_TOKEN_KEY: randomBytes(32).toString('base64'),
      CHAT4ALL_DEMO_SECRET: SECRET,
      CHAT4ALL_DRAIN_MS: '200',
    }
    for (const id of ['node-1', 'node-2']) nodes.push(await start('shard-node', id))
    for (const id of ['edge-1', 'edge-2']) edges.push(await start('edge', id))
    await Promise.all([...nodes, ...edges].map((server) => server.ready()))
  })
  after(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await Promise.all([...edges, ...nodes].map((server) => server.end('SIGKILL')))
    rmSync(folder, { recursive: true })
  })

  async function signIn(user: string, url: string): Promise<Client> {
    const token = async () => (await requestToken(url, { clientId: 'demo', clientSecret: SECRET, user })).accessToken
    const client = new Client({ url, token, WebSocket })
    clients.push(client)
    await client.connect()
    return client
  }

  test('users on different edges exchange messages, and all see one order', async () => {
    const users = await Promise.all(
      Array.from({ length: USERS }, (_, i) => signIn(`user-${i}`, edges[i % edges.length]!.url)),
    )
    const names = users.map((_, i) => `user-${i}`)
    // Enough groups that both shard-nodes own some.
    const groups = await Promise.all(users.map((user) => user.createGroup(names)))
    const heard = users.map(() => new Map<string, Message[]>(groups.map(({ id }) => [id, []])))
    users.forEach((user, i) => {
      user.on('message', (message) => heard[i]!.get(message.conversation)?.push(message))
    })
    const sendings = []
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, user] of users.entries()) {
        for (const { id } of groups) sendings.push(user.send(id, `round ${round} of user-${i}`).result)
      }
    }
    await Promise.all(sendings)
    const texts = (i: number, id: string) =>
      heard[i]!.get(id)!.flatMap(({ payload, seq }) => (payload.type === 'text' ? [`${seq} ${payload.text}`] : []))
    const everybodyHeardAll = () =>
      groups.every(({ id }) => users.every((_, i) => texts(i, id).length >= USERS * ROUNDS))
    for (const until = Date.now() + 60_000; !everybodyHeardAll() && Date.now() < until; ) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    for (const { id } of groups) {
      assert.equal(texts(0, id).length, USERS * ROUNDS)
      for (let i = 1; i < USERS; i++) assert.deepEqual(texts(i, id), texts(0, id))
    }
    const served = nodes.map((node) =>
      Number([...node.output.matchAll(/"slots":(\d+),"msg":"serving slots"/g)].at(-1)?.[1]),
    )
    assert.ok(
      served.every((slots) => slots > 300),
      `slots served: ${served}`,
    )
    assert.equal(served[0]! + served[1]!, 1024)
  })

  test('a shard-node that was killed comes back with its conversations, and its clients go on', async () => {
    const alice = await signIn('alice', edges[0]!.url)
    const bob = await signIn('bob', edges[1]!.url)
    const { id } = await alice.createPrivate('bob')
    const first = await alice.send(id, 'before').result
    await Promise.all(nodes.map((node) => node.end('SIGKILL')))
    const sending = alice.send(id, 'meanwhile')
    nodes.splice(0, 2, await start('shard-node', 'node-1'), await start('shard-node', 'node-2'))
    await Promise.all(nodes.map((node) => node.ready()))
    assert.equal((await sending.result).seq, first.seq + 1)
    const page = await bob.history(id)
    assert.deepEqual(
      page.messages.map(({ payload }) => payload.type === 'text' && payload.text),
      ['before', 'meanwhile'],
    )
  })

  test('an edge without the links’ secret is refused, and says so', async () => {
    const stranger = await start('edge', 'edge-3', { CHAT4ALL_LINK_SECRET: 'another secret of links' })
    try {
      await stranger.wrote(/the link secret is wrong/)
    } finally {
      await stranger.end('SIGKILL')
    }
  })

  test('a shard-node refuses to start with other members than its data was made with', async () => {
    const node = await start('shard-node', 'node-9', { CHAT4ALL_MEMBERS: `node-9@127.0.0.1:${await freePort()}` })
    await node.ready()
    assert.equal(await node.end('SIGTERM'), 0)
    const grown = await start('shard-node', 'node-9', {
      CHAT4ALL_MEMBERS: `node-9@127.0.0.1:${await freePort()},node-10@127.0.0.1:${await freePort()}`,
    })
    assert.equal(await grown.exit(), 78)
    assert.match(grown.output, /first started with the members node-9\*1 .* now given node-10\*1, node-9\*1/)
  })

  test('SIGTERM: every process drains and exits 0', async () => {
    assert.deepEqual(await Promise.all(edges.map((edge) => edge.end('SIGTERM'))), [0, 0])
    assert.deepEqual(await Promise.all(nodes.map((node) => node.end('SIGTERM'))), [0, 0])
  })
})
