import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from './pace.js'

test('one more at once with each quick round, up to the most; half as many after a slow one, never none', () => {
  const pace = new Pace(4, 100)
  const seen = [pace.atOnce]
  const round = (ms: number) => {
    for (let left = pace.atOnce; left > 0; left--) pace.took(ms)
    seen.push(pace.atOnce)
  }
  for (let i = 0; i < 6; i++) round(100)
  assert.deepEqual(seen, [1, 2, 2, 3, 4, 4, 4])
  pace.took(101)
  assert.equal(pace.atOnce, 2)
  for (let i = 0; i < 5; i++) pace.took(1_000)
  assert.equal(pace.atOnce, 1)
})
