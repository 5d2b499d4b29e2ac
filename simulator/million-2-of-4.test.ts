import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSeeds } from './run/seeds.js'

/** A quarter of a million requests of clients; four files, so that they run beside each other. */
test('no invariant breaks, whatever fails: a quarter of a million operations', (context) => {
  const operations = runSeeds({ first: 2_000_000, count: 285, operations: 1_000 })
  context.diagnostic(`${operations} operations`)
  assert.ok(operations >= 250_000, `only ${operations} operations were simulated`)
})
