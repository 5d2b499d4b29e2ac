import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CpuProfile, summarise } from './cpu-profile.js'

const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber })

const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(program)') },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('send', 'file:///repo/edge/dist/ws/session.js', 9) },
    // The same function, called from elsewhere, is another node.
    { id: 4, callFrame: frame('send', 'file:///repo/edge/dist/ws/session.js', 9) },
    { id: 5, callFrame: frame('encode', 'file:///repo/node_modules/@msgpack/msgpack/dist/encode.mjs', 4) },
  ],
  startTime: 1000,
  // Samples at 1100, 1200, 1300, 1400, 1500.
  samples: [3, 4, 2, 5, 1],
  timeDeltas: [100, 100, 100, 100, 100],
}

test('self time is added up by function, of the samples in the window', () => {
  const summary = summarise([profile], { fromMicros: 1100, toMicros: 1450 }, '/repo')
  assert.deepEqual(summary.functions, [
    { name: 'send', place: 'edge/dist/ws/session.js:10', micros: 200 },
    { name: 'encode', place: 'node_modules/@msgpack/msgpack/dist/encode.mjs:5', micros: 100 },
  ])
  assert.deepEqual(summary.parts, [
    { part: 'edge', micros: 200 },
    { part: '@msgpack/msgpack', micros: 100 },
  ])
  assert.equal(summary.busyMicros, 300)
  assert.equal(summary.idleMicros, 100)
})

test('outside the window nothing counts', () => {
  assert.equal(summarise([profile], { fromMicros: 0, toMicros: 1000 }, '/repo').busyMicros, 0)
})
