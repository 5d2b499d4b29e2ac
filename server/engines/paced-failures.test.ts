import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pacedFailures } from './paced-failures.js'

class Store {
  readonly name = 'a store'
  private calls = 0

  async count(): Promise<number> {
    return ++this.calls
  }
  async fail(): Promise<void> {
    throw new Error('away')
  }
  now(): number {
    return this.calls
  }
}

test('what succeeds is as fast as before; what fails at once takes its time, and fails the same', async () => {
  const store = pacedFailures(new Store())
  assert.deepEqual([await store.count(), await store.count(), store.now(), store.name], [1, 2, 2, 'a store'])
  const began = performance.now()
  // Paced, they would take 25 s.
  for (let i = 0; i < 100; i++) await store.count()
  assert.ok(performance.now() - began < 12_000)
  const failing = performance.now()
  await assert.rejects(store.fail(), { message: 'away' })
  assert.ok(performance.now() - failing >= 245)
})
