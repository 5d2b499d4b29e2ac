import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rangeOf } from './byte-range.js'

test('a range is read as RFC 9110 has it', () => {
  const cases: [string, ReturnType<typeof rangeOf>][] = [
    ['', 'whole'],
    ['bytes=0-', { from: 0, to: 10 }],
    ['bytes=2-4', { from: 2, to: 5 }],
    ['bytes=9-9', { from: 9, to: 10 }],
    ['bytes=5-100', { from: 5, to: 10 }],
    ['bytes=-3', { from: 7, to: 10 }],
    ['bytes=-30', { from: 0, to: 10 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=10-12', 'unsatisfiable'],
    ['bytes=4-2', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=0-1,3-4', 'whole'],
    ['lines=0-1', 'whole'],
    ['bytes=a-b', 'whole'],
  ]
  for (const [header, expected] of cases) assert.deepEqual(rangeOf(header, 10), expected, header)
})
