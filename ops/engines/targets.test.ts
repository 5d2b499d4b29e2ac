import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTargets } from './targets.js'

const KNOWN = [
  { name: 'kafka', instances: ['kafka'] },
  { name: 'redis', instances: ['redis-7001', 'redis-7002'] },
]

test('engines, one process of an engine, and a process by its name', () => {
  assert.deepEqual(readTargets(['kafka', 'redis', '2', 'redis-7001'], KNOWN), [
    { engine: 'kafka' },
    { engine: 'redis', index: 2 },
    { engine: 'redis', index: 1 },
  ])
  assert.deepEqual(readTargets([], KNOWN), [])
})

test('what nothing is called, and a process that an engine has not, is an error', () => {
  assert.throws(() => readTargets(['kafca'], KNOWN), /no engine is called kafca/)
  assert.throws(() => readTargets(['2'], KNOWN), /no engine is called 2/)
  for (const index of ['0', '3']) {
    assert.throws(() => readTargets(['redis', index], KNOWN), /redis has processes 1 to 2/)
  }
})
