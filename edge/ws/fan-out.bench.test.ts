import assert from 'node:assert/strict'
import { test } from 'node:test'
import { benchFanOut } from './fan-out.bench.js'

test('the benchmark of fan-out runs', async () => {
  const results = await benchFanOut([2, 10], 200)
  assert.deepEqual(
    results.map(({ sockets, how }) => [sockets, how]),
    [
      [2, 'publish'],
      [2, 'loop'],
      [10, 'publish'],
      [10, 'loop'],
    ],
  )
  for (const { microsecondsPerDelivery } of results) assert.ok(microsecondsPerDelivery > 0)
})
