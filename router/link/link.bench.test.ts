import assert from 'node:assert/strict'
import { test } from 'node:test'
import { benchLinks } from './link.bench.js'

test('the benchmark of the links runs', async () => {
  const lines = await benchLinks(10)
  assert.deepEqual(
    lines.map(({ what }) => what),
    ['in process, 1 per turn', 'in process, 100 per turn', 'TCP, 1 per turn', 'TCP, 100 per turn'],
  )
  for (const { what, nanoseconds } of lines) assert.ok(nanoseconds > 0 && Number.isFinite(nanoseconds), what)
})
