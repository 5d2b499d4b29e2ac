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
  const began = performance.now()
  assert.deepEqual([await store.count(), await store.count(), store.now(), store.name], [1, 2, 2, 'a store'])
  assert.ok(performance.now() - began < 200)
  await assert.rejects(store.fail(), { message: 'away' })
  assert.ok(performance.now() - began >= 245)
})
