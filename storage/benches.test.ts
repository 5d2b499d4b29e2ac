import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureView } from './message-view/classic-level.bench.js'
import { measureAppends } from './node-log/segment-files.bench.js'

// Small, so that none rots. What they say is read when they run alone.

test('the bench of the view runs', async () => {
  const figures = await measureView({ conversations: 3, messagesPerApply: 5, messageBytes: 50, applies: 20 })
  assert.ok(figures.cpuMicrosPerMessage > 0)
  assert.ok(figures.applyMaxMs >= figures.applyP50Ms)
})

test('the bench of the log runs', async () => {
  const figures = await measureAppends(500, 4, 50)
  assert.ok(figures.cpuMicrosPerEntry > 0)
  assert.ok(figures.p99Ms >= figures.p50Ms)
})
