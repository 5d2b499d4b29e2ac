import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ObjectStores, type PlacedStore, type StoreId } from './placement.js'
import { type ObjectName, type ObjectStore, objectName } from './port.js'

const names = Array.from({ length: 6_000 }, (_, i) => objectName(`app/file-${i}`))
const placed = (id: string, weight: number, health = async (): Promise<void> => {}): PlacedStore => ({
  id: id as StoreId,
  weight,
  store: { health, close: async () => {} } as unknown as ObjectStore,
})
const open = (stores: PlacedStore[], copies = 1) => new ObjectStores(stores, { copies, healthMs: 1_000_000 })
const firsts = (stores: ObjectStores) => new Map(names.map((name) => [name, stores.placesFor(name)[0]!]))

function shares(places: Map<ObjectName, StoreId>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const id of places.values()) counts[id] = (counts[id] ?? 0) + 1
  return counts
}

test('each store gets the share of objects that its weight says', async () => {
  const stores = open([placed('a', 1), placed('b', 2), placed('c', 3), placed('old', 0)])
  const { a, b, c, old } = shares(firsts(stores))
  for (const [count, expected] of [
    [a!, 1_000],
    [b!, 2_000],
    [c!, 3_000],
  ] as const) {
    assert.ok(Math.abs(count - expected) < expected * 0.12, `${count} of ${expected}`)
  }
  assert.equal(old, undefined)
  await stores.close()
})

test('a store that is added takes its share from the others, and nothing else moves', async () => {
  const before = firsts(open([placed('a', 1), placed('b', 1)]))
  const after = firsts(open([placed('a', 1), placed('b', 1), placed('c', 1)]))
  const moved = names.filter((name) => before.get(name) !== after.get(name))
  assert.ok(moved.every((name) => after.get(name) === 'c'))
  assert.ok(Math.abs(moved.length - 2_000) < 250, `${moved.length}`)
})

test('new objects and readers go round a store that does not answer, until it does', async () => {
  let isDown = true
  const health = async () => {
    if (isDown) throw new Error('down')
  }
  const told: [StoreId, boolean][] = []
  const stores = new ObjectStores([placed('a', 1, health), placed('b', 1), placed('c', 1)], {
    copies: 2,
    healthMs: 1_000_000,
    onHealth: (id, healthy) => told.push([id, healthy]),
  })
  await stores.look()
  await stores.look()
  assert.equal(shares(firsts(stores)).a, undefined)
  assert.ok(names.every((name) => stores.placesFor(name).at(-1) === 'a'))
  assert.deepEqual(stores.readersOf(names[0]!, ['a', 'b'] as StoreId[]), ['b', 'a'])
  isDown = false
  await stores.look()
  assert.ok(shares(firsts(stores)).a! > 1_500)
  assert.deepEqual(told, [
    ['a', false],
    ['a', true],
  ])
  await stores.close()
})

test('a list that has no place for an object is refused', () => {
  assert.throws(() => open([]), RangeError)
  assert.throws(() => open([placed('a', 0)]), RangeError)
  assert.throws(() => open([placed('a', 1), placed('a', 1)]), RangeError)
  assert.equal(open([placed('a', 1), placed('b', 1)], 5).copies, 2)
})
