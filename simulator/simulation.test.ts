import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { optionsOf } from './run/options.js'
import { describeFailure } from './run/report.js'
import { run } from './run/run.js'

/** Enough for 100,000 requests of clients, in a share of CI's time that nobody notices. */
const FIXED_SEEDS = 400
const FRESH_SEEDS = 60
const OPERATIONS_MIN = 100_000

test('no invariant breaks, whatever fails: fixed seeds', (context) => {
  const operations = runAll(Array.from({ length: FIXED_SEEDS }, (_, index) => index + 1))
  context.diagnostic(`${operations} operations`)
  assert.ok(operations >= OPERATIONS_MIN, `only ${operations} operations were simulated`)
})

test('no invariant breaks, whatever fails: fresh seeds', (context) => {
  const first = randomInt(2 ** 31)
  context.diagnostic(`seeds ${first} to ${first + FRESH_SEEDS - 1}`)
  runAll(Array.from({ length: FRESH_SEEDS }, (_, index) => first + index))
})

test('a run follows from its seed', () => {
  const [first, second] = [run(optionsOf(7), undefined, true), run(optionsOf(7), undefined, true)]
  assert.ok(first.trace.length > 100)
  assert.deepEqual(first.trace, second.trace)
})

test('after a quiet run everybody has everything and nothing was refused but what may be', () => {
  const quiet = Object.fromEntries(Object.keys(optionsOf(1).faults).map((name) => [name, 0]))
  const { violations, cluster } = run(optionsOf(5, { faults: quiet }))
  assert.deepEqual(violations, [])
  const sent = cluster.history.of('sent').length
  assert.ok(sent > 100, `only ${sent} messages were acknowledged`)
})

function runAll(seeds: readonly number[]): number {
  let operations = 0
  for (const seed of seeds) {
    const options = optionsOf(seed)
    const result = run(options)
    operations += result.operations
    if (result.violations.length > 0) assert.fail(describeFailure(options, result))
  }
  return operations
}
