import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type NodeId, type Slot, slot } from '@chat4all/protocol'
import { consulMembers, ranges, slotsOf } from './consul.js'
import type { Member, Members } from './port.js'

const { hostname, port } = new URL(process.env.CHAT4ALL_TEST_CONSUL ?? 'http://127.0.0.1:8500')

function until<T>(
  watch: (onChange: (value: T) => void) => () => void,
  holds: (value: T) => boolean,
  what: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not seen within 15 s: ${what}`)), 15_000)
    const stop = watch((value) => {
      if (!holds(value)) return
      clearTimeout(timer)
      queueMicrotask(() => stop())
      resolve(value)
    })
  })
}

const nodes = (members: readonly Member[]) => members.map(({ node }) => node)
const one = (): { service: string; open(): Members } => {
  const service = `shard-node-${randomUUID().slice(0, 8)}`
  return { service, open: () => consulMembers({ host: hostname, port: Number(port), service }) }
}

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

test('slots are written so that people can read them', () => {
  const slots = [7, 0, 1, 2, 1023].map(slot)
  assert.equal(ranges(slots), '0-2 7 1023')
  assert.deepEqual(slotsOf('0-2 7 1023'), [0, 1, 2, 7, 1023])
  assert.deepEqual(slotsOf(''), [])
})
