import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Observation } from '../history/observation.js'
import { Measures } from './measures.js'

const about = { device: 'd', edge: 'edge-1', way: 'socket', conversation: 'c' } as const
const sending = (id: string, at: number, again = false): Observation => ({
  type: 'sending',
  at,
  user: 'u',
  id,
  again,
  ...about,
})
const sent = (id: string, at: number, seq: number): Observation => ({ type: 'sent', at, id, seq, ...about })
const fault = (phase: 'begin' | 'end', at: number): Observation => ({
  type: 'fault',
  at,
  number: 1,
  fault: 'node-kill',
  phase,
  targets: ['node-1'],
})

test('a wait counts from the first sending to the first acknowledgement, and as the fault’s that it falls into', () => {
  const measures = new Measures()
  for (const observation of [
    sending('calm', 1_000),
    sent('calm', 1_004, 1),
    sending('hit', 9_900),
    fault('begin', 10_000),
    sending('hit', 11_000, true),
    sent('hit', 12_500, 2),
    sent('hit', 12_600, 2),
    { type: 'refused', at: 12_700, id: 'x', code: 'UNAVAILABLE', ...about } as const,
    fault('end', 13_000),
    sending('later', 60_000),
    sent('later', 60_008, 3),
  ]) {
    measures.see(observation)
  }
  const { calm, faults, acknowledged, sentAgain } = measures.finish()
  assert.equal(acknowledged, 3)
  assert.equal(sentAgain, 1)
  assert.equal(calm.count, 2)
  assert.ok(calm.maxMs >= 8 && calm.maxMs < 8.1)
  assert.equal(faults.length, 1)
  assert.deepEqual(
    { ...faults[0], latency: undefined },
    {
      number: 1,
      fault: 'node-kill',
      targets: ['node-1'],
      at: 10_000,
      lastedMs: 3_000,
      latency: undefined,
      interrupted: 1,
      interruptionMedianMs: 2_600,
      interruptionMaxMs: 2_600,
      sessionsLost: 0,
      refused: { UNAVAILABLE: 1 },
    },
  )
})
