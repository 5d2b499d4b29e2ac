import assert from 'node:assert/strict'
import { test } from 'node:test'
import { benchHttp } from './http-on-uws.bench.js'

test('the benchmark runs, and every server of it answers', async () => {
  const lines = await benchHttp(50)
  assert.equal(lines.length, 5)
  for (const { server, cpuMicros, requestsPerSecond } of lines) {
    assert.ok(cpuMicros > 0 && requestsPerSecond > 0, server)
  }
})
