import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slot } from '@chat4all/protocol'
import { ranges, slotsOf } from './slot-ranges.js'

test('slots are written so that people can read them', () => {
  const slots = [7, 0, 1, 2, 1023].map(slot)
  assert.equal(ranges(slots), '0-2 7 1023')
  assert.deepEqual(slotsOf('0-2 7 1023'), [0, 1, 2, 7, 1023])
  assert.deepEqual(slotsOf(''), [])
})
