import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cseq } from '@chat4all/protocol'
import fc from 'fast-check'
import { CseqGate } from './cseq-gate.js'

const admit = (gate: CseqGate, ...numbers: number[]) => numbers.map((n) => gate.admit(n as Cseq))

test('numbers are taken in order, and no other', () => {
  assert.deepEqual(admit(new CseqGate(), 1, 2, 3), ['take', 'take', 'take'])
  assert.deepEqual(admit(new CseqGate(), 2), ['mismatch'])
  assert.deepEqual(admit(new CseqGate(), 1, 1), ['take', 'mismatch'])
})

test('what follows a refused frame is dropped until that one comes again', () => {
  const gate = new CseqGate()
  admit(gate, 1, 2)
  gate.refuse()
  assert.deepEqual(admit(gate, 3, 4, 5), ['drop', 'drop', 'drop'])
  assert.deepEqual(admit(gate, 2, 3, 4), ['take', 'take', 'take'])
})

test('going back too far is an error', () => {
  const gate = new CseqGate()
  admit(gate, 1, 2)
  gate.refuse()
  assert.deepEqual(admit(gate, 1), ['mismatch'])
})

test('a client that goes back as it is told has all its frames taken once, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), fc.integer({ min: 1, max: 32 }), (refusals, depth) => {
      const gate = new CseqGate()
      const taken: number[] = []
      const outcomes = [...refusals]
      let next = 1
      while (taken.length < 50) {
        // The client has sent `depth` frames before it hears of a refusal.
        let back: number | undefined
        for (let i = 0; i < depth; i++) {
          const cseq = next + i
          const admitted = gate.admit(cseq as Cseq)
          assert.notEqual(admitted, 'mismatch')
          if (admitted === 'drop') continue
          if (outcomes.shift() === true) {
            gate.refuse()
            back ??= cseq
          } else taken.push(cseq)
        }
        next = back ?? next + depth
      }
      assert.deepEqual(
        taken,
        Array.from({ length: taken.length }, (_, i) => i + 1),
      )
    }),
  )
})
