import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type NodeId, type Slot, slot } from '@chat4all/protocol'
import { testEngine } from '@chat4all/protocol/testing'
import { type ConsulMembers, consulMembers } from './consul.js'
import type { Member } from './port.js'

const url = testEngine('CHAT4ALL_TEST_CONSUL')

function until<T>(
  watch: (onChange: (value: T) => void) => () => void,
  holds: (value: T) => boolean,
  what: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not seen within a minute: ${what}`)), 60_000)
    const stop = watch((value) => {
      if (!holds(value)) return
      clearTimeout(timer)
      queueMicrotask(() => stop())
      resolve(value)
    })
  })
}

const nodes = (members: readonly Member[]) => members.map(({ node }) => node)
const one = (): { cluster: string; open(): ConsulMembers } => {
  const cluster = `test-${randomUUID().slice(0, 8)}`
  return { cluster, open: () => consulMembers({ url, cluster }) }
}
const setWeight = (cluster: string, node: string, weight: string | undefined) =>
  fetch(
    `${url}/v1/kv/${cluster}/weights/${node}`,
    weight === undefined ? { method: 'DELETE' } : { method: 'PUT', body: weight },
  )
const catalog = async (cluster: string, role: string) =>
  (await (await fetch(`${url}/v1/health/service/${cluster}-${role}`)).json()) as {
    Service: { ID: string; Meta: Record<string, string> }
    Checks: { Status: string; Output: string }[]
  }[]

test('a node that joins is seen by others, with its address and weight; one that leaves vanishes', async () => {
  const { open } = one()
  const [mine, theirs] = [open(), open()]
  const node = `n-${randomUUID().slice(0, 8)}` as NodeId
  await mine.join({ node, address: '127.0.0.1:7070', weight: 2 })
  const seen = await until<readonly Member[]>(
    (on) => theirs.watch(on),
    (all) => all.length === 1,
    'the member',
  )
  assert.deepEqual(seen, [{ node, address: '127.0.0.1:7070', weight: 2 }])
  await mine.leave(node)
  await until<readonly Member[]>(
    (on) => theirs.watch(on),
    (all) => all.length === 0,
    'its leaving',
  )
  await mine.close()
  await theirs.close()
})

test('who begins to watch hears first of those who are there, never that nobody is', async () => {
  const { open } = one()
  const mine = open()
  const node = `n-${randomUUID().slice(0, 8)}` as NodeId
  await mine.join({ node, address: '127.0.0.1:7076', weight: 1 })
  const theirs = open()
  const [first] = await until<readonly Member[]>(
    (on) => theirs.watch(on),
    () => true,
    'the first list',
  )
  assert.equal(first?.node, node)
  await mine.leave(node)
  await mine.close()
  await theirs.close()
})

test('a node whose heartbeat stops is no longer among the healthy', async () => {
  const { open } = one()
  const [dying, watching] = [open(), open()]
  const node = `n-${randomUUID().slice(0, 8)}` as NodeId
  await dying.join({ node, address: '127.0.0.1:7071', weight: 1 })
  await until<readonly Member[]>(
    (on) => watching.watch(on),
    (all) => nodes(all).includes(node),
    'the member',
  )
  await dying.close()
  await until<readonly Member[]>(
    (on) => watching.watch(on),
    (all) => !nodes(all).includes(node),
    'its death',
  )
  await watching.close()
})

test('edges hear which node says that it serves which slots', async () => {
  const { open } = one()
  const [mine, theirs] = [open(), open()]
  const node = `n-${randomUUID().slice(0, 8)}` as NodeId
  await mine.join({ node, address: '127.0.0.1:7072', weight: 1 })
  mine.hint(node, [3, 4, 5, 900].map(slot))
  const owners = await until<ReadonlyMap<Slot, NodeId>>(
    (on) => theirs.watchHints(on),
    (all) => all.get(slot(900)) === node,
    'the hint',
  )
  assert.equal(owners.get(slot(4)), node)
  await mine.leave(node)
  await mine.close()
  await theirs.close()
})

test('what an operator sets as a weight counts until it is taken away; what is no weight does not', async () => {
  const { cluster, open } = one()
  const members = open()
  const node = `n-${randomUUID().slice(0, 8)}` as NodeId
  await setWeight(cluster, node, '0')
  await members.join({ node, address: '127.0.0.1:7073', weight: 2 })
  const weigh = (wanted: number) =>
    until<readonly Member[]>(
      (on) => members.watch(on),
      ([first]) => first?.weight === wanted,
      `weight ${wanted}`,
    )
  await weigh(0)
  await setWeight(cluster, node, '1.5')
  await weigh(1.5)
  await setWeight(cluster, node, 'much')
  await weigh(2)
  await members.join({ node, address: '127.0.0.1:7073', weight: 0 })
  await weigh(0)
  await setWeight(cluster, node, '3')
  await setWeight(cluster, node, undefined)
  await weigh(0)
  await members.leave(node)
  await members.close()
})

test('what a node says of itself reads well in Consul, and a fault turns its check critical until it is over', async () => {
  const { cluster, open } = one()
  const members = open()
  const node = `n-${randomUUID().slice(0, 8)}` as NodeId
  await members.join({ node, address: '127.0.0.1:7074', weight: 1 })
  members.hint(node, [1, 2, 3].map(slot))
  members.describe(node, { log: 'n.1', http: 'http://127.0.0.1:8080', fault: 'no append for 2 s' })
  const eventually = async (holds: (entry: Awaited<ReturnType<typeof catalog>>[number]) => boolean) => {
    for (const deadline = Date.now() + 60_000; ; ) {
      const [entry] = await catalog(cluster, 'shard-node')
      if (entry !== undefined && holds(entry)) return entry
      assert.ok(Date.now() < deadline, JSON.stringify(entry))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const faulty = await eventually(
    ({ Checks, Service }) => Service.Meta.log === 'n.1' && Checks.some(({ Status }) => Status === 'critical'),
  )
  assert.deepEqual(faulty.Service.Meta, {
    role: 'shard-node',
    node,
    version: 'unknown',
    http: 'http://127.0.0.1:8080',
    weight: '1',
    draining: 'false',
    slots: '3',
    log: 'n.1',
  })
  assert.ok(faulty.Checks.some(({ Output }) => Output === 'cannot commit: no append for 2 s'))
  members.describe(node, { fault: undefined })
  await eventually(({ Checks }) => Checks.every(({ Status }) => Status === 'passing'))
  await members.leave(node)
  await members.close()
})

test('a node that said where it can be asked before it joined is seen with that from its first moment', async () => {
  const { cluster, open } = one()
  const members = open()
  const node = `n-${randomUUID().slice(0, 8)}` as NodeId
  members.describe(node, { http: 'http://127.0.0.1:8080' })
  members.describe(node, { log: 'n.1' })
  await members.join({ node, address: '127.0.0.1:7075', weight: 1 })
  const [entry] = await catalog(cluster, 'shard-node')
  assert.deepEqual([entry?.Service.Meta.http, entry?.Service.Meta.log], ['http://127.0.0.1:8080', 'n.1'])
  await members.leave(node)
  await members.close()
})

test('edges and webhook processes are announced while they run, and say when they cannot work', async () => {
  const { cluster, open } = one()
  const members = open()
  members.announce('edge', 'edge-1', { http: 'http://127.0.0.1:8081' })
  members.announce('webhook', 'webhook-1', { http: 'http://127.0.0.1:8091' })
  members.describe('webhook-1', { fault: 'Kafka does not answer' })
  type Entry = Awaited<ReturnType<typeof catalog>>[number]
  const becomes = async (role: string, holds: (entry: Entry) => boolean): Promise<Entry> => {
    for (const deadline = Date.now() + 60_000; ; ) {
      const [entry] = await catalog(cluster, role)
      if (entry !== undefined && holds(entry)) return entry
      assert.ok(Date.now() < deadline, JSON.stringify(entry))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const isPassing = ({ Checks }: Entry) => Checks.every(({ Status }) => Status === 'passing')
  assert.equal((await becomes('edge', isPassing)).Service.Meta.http, 'http://127.0.0.1:8081')
  const fault = 'cannot deliver: Kafka does not answer'
  const faulty = await becomes('webhook', ({ Checks }) => Checks.some(({ Output }) => Output === fault))
  assert.ok(!isPassing(faulty))
  assert.deepEqual(faulty.Service.Meta, {
    role: 'webhook',
    node: 'webhook-1',
    version: 'unknown',
    http: 'http://127.0.0.1:8091',
  })
  members.describe('webhook-1', { fault: undefined })
  await becomes('webhook', isPassing)
  await members.close()
  for (const role of ['edge', 'webhook']) assert.deepEqual(await catalog(cluster, role), [])
})

test('a Consul that is not there is told once, and nobody waits for it', async () => {
  const told: string[] = []
  const members = consulMembers({
    url: 'http://127.0.0.1:9',
    cluster: 'nowhere',
    onAway: ({ message }) => told.push(message),
  })
  await members.join({ node: 'n' as NodeId, address: '127.0.0.1:7075', weight: 1 })
  members.watch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  assert.equal(told.length, 1)
  assert.match(told[0]!, /ECONNREFUSED/)
  assert.ok(members.away !== undefined)
  await members.leave('n' as NodeId)
  await members.close()
})
