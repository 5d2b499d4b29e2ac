import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testEngine } from './test-engine.js'

test('a suite whose engine nobody named is told at once which variable names it', (t) => {
  const before = process.env.CHAT4ALL_TEST_REDIS
  t.after(() => {
    if (before === undefined) delete process.env.CHAT4ALL_TEST_REDIS
    else process.env.CHAT4ALL_TEST_REDIS = before
  })
  delete process.env.CHAT4ALL_TEST_REDIS
  assert.throws(() => testEngine('CHAT4ALL_TEST_REDIS'), /needs a Redis cluster .*: set CHAT4ALL_TEST_REDIS=host:port/)
  process.env.CHAT4ALL_TEST_REDIS = '127.0.0.1:7001'
  assert.equal(testEngine('CHAT4ALL_TEST_REDIS'), '127.0.0.1:7001')
})
