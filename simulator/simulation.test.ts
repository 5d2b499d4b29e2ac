import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { optionsOf } from './run/options.js'
import { run } from './run/run.js'
import { runSeeds } from './run/seeds.js'

const FRESH_SEEDS = 100

test('no invariant breaks, whatever fails: fixed seeds', (context) => {
  context.diagnostic(`${runSeeds({ first: 1, count: 200 })} operations`)
})

test('no invariant breaks, whatever fails: fresh seeds', (context) => {
  const first = randomInt(2 ** 31)
  context.diagnostic(`seeds ${first} to ${first + FRESH_SEEDS - 1}`)
  runSeeds({ first, count: FRESH_SEEDS })
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
