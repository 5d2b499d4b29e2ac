import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median } from '../scenarios/rounds.js'
import { parseCounters } from '../servers/prometheus-counters.js'
import { figure, table } from './table.js'

test('a median is the middle, or between the two in the middle', () => {
  assert.equal(median([5, 1, 9]), 5)
  assert.equal(median([4, 1, 9, 2]), 3)
})

test('figures keep the digits that matter', () => {
  assert.deepEqual([12345.6, 123.4, 12.34, 1.234, 3, Number.NaN].map(figure), [
    '12,346',
    '123',
    '12.3',
    '1.23',
    '3',
    '–',
  ])
})

test('a table is Markdown, its columns aligned', () => {
  assert.equal(
    table(['server', 'n'], [['ours', '1,000']]),
    '| server |     n |\n| ------ | ----: |\n| ours   | 1,000 |',
  )
})

test('counters are summed over labels; gauges and other names are left out', () => {
  const text = `# HELP reads_total Reads.
# TYPE reads_total counter
reads_total{kind="page"} 3
reads_total{kind="head"} 4
# TYPE reads_open gauge
reads_open 9
# TYPE writes_total counter
writes_total 5
`
  assert.deepEqual([...parseCounters(text, /read/)], [['reads_total', 7]])
})
