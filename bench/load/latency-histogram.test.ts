import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LatencyHistogram } from './latency-histogram.js'

test('a percentile is within 1 % of the exact one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.5, 0.9, 0.99, 1),
      (micros, share) => {
        const histogram = new LatencyHistogram()
        for (const value of micros) histogram.addMillis(value / 1000)
        const sorted = [...micros].sort((a, b) => a - b)
        const exact = sorted[Math.ceil(sorted.length * share) - 1]!
        const told = histogram.percentileMillis(share) * 1000
        assert.ok(told >= exact - 0.001 && told <= exact * 1.01 + 1, `${told} for ${exact}`)
      },
    ),
  )
})

test('the largest latency is told exactly, and nothing measured is nothing told', () => {
  const histogram = new LatencyHistogram()
  assert.equal(histogram.summary().p99Ms, 0)
  histogram.addMillis(12.345)
  histogram.addMillis(-1)
  assert.equal(histogram.summary().maxMs, 12.345)
  assert.equal(histogram.summary().count, 2)
})
