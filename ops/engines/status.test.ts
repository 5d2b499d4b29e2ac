import assert from 'node:assert/strict'
import { test } from 'node:test'
import { duration, statusLines } from './status.js'

const KAFKA = { name: 'kafka', version: '4.3.1', isInstalled: true, missing: [] }

test('an engine that runs shows its processes, since when, and how large', () => {
  const processes = [
    { name: 'k-1', state: 'answers', pid: 77, endpoint: '127.0.0.1:9', uptimeMs: 3_060_000, residentBytes: 5e8 },
    { name: 'k-2', state: 'stopped', endpoint: '127.0.0.1:10' },
  ] as const
  assert.deepEqual(statusLines([{ ...KAFKA, processes }]), [
    'kafka 4.3.1            1 of 2 processes answer',
    '  k-1                  127.0.0.1:9              answers         pid 77      up 51 min    500 MB',
    '  k-2                  127.0.0.1:10             stopped',
  ])
})

test('one that does not run is one line: stopped, not installed, or why it cannot be', () => {
  const processes = [{ name: 'kafka', state: 'stopped', endpoint: '127.0.0.1:9' }] as const
  const line = (rest: object) => statusLines([{ ...KAFKA, processes, ...rest }])
  assert.deepEqual(line({}), ['kafka 4.3.1            stopped'])
  assert.deepEqual(line({ isInstalled: false }), ['kafka 4.3.1            not installed'])
  assert.deepEqual(line({ isInstalled: false, missing: ['java is missing; install it'] }), [
    'kafka 4.3.1            cannot be installed: java is missing; install it',
  ])
})

test('times are said as people say them', () => {
  assert.deepEqual([42_000, 125_000, 3_060_000, 12_000_000].map(duration), [
    '42 s',
    '2 min 5 s',
    '51 min',
    '3 h 20 min',
  ])
})
