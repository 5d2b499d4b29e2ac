import assert from 'node:assert/strict'
import { test } from 'node:test'
import { benchCodec } from './codec.bench.js'

test('the benchmark of the codec runs', () => {
  const lines = benchCodec(20)
  assert.ok(lines.some(({ what }) => what === 'decode send'))
  for (const { what, nanoseconds } of lines) assert.ok(nanoseconds > 0 && Number.isFinite(nanoseconds), what)
})
