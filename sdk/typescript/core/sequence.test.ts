import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Seq, Message as WireMessage } from '@chat4all/protocol'
import { Sequence } from './sequence.js'

const message = (seq: number) => ({ seq }) as WireMessage
const run = (after: number, upto: number, seqs?: number[]) => ({
  after: after as Seq,
  upto: upto as Seq,
  messages: (seqs ?? Array.from({ length: upto - after }, (_, i) => after + 1 + i)).map(message),
})

function told(sequence: Sequence, ...runs: ReturnType<typeof run>[]): { seqs: number[]; gaps: boolean[] } {
  const seqs: number[] = []
  const gaps = runs.map((each) => sequence.take(each, ({ seq }) => seqs.push(seq)))
  return { seqs, gaps }
}

test('of a run that overlaps what was told only the new part is told', () => {
  const { seqs } = told(new Sequence(2 as Seq, false), run(0, 2), run(1, 4), run(1, 4))
  assert.deepEqual(seqs, [3, 4])
})

test('what lies beyond a gap is held back and told, in order, when the gap is filled', () => {
  const sequence = new Sequence(0 as Seq, false)
  assert.deepEqual(told(sequence, run(2, 3), run(3, 5)), { seqs: [], gaps: [true, true] })
  assert.equal(sequence.missingUpto, 2)
  assert.deepEqual(told(sequence, run(0, 2)).seqs, [1, 2, 3, 4, 5])
  assert.equal(sequence.isBehind, false)
})

test('the cursor passes over messages that have expired', () => {
  const sequence = new Sequence(0 as Seq, false)
  assert.deepEqual(told(sequence, run(0, 9, [2, 7])).seqs, [2, 7])
  assert.equal(sequence.cursor, 9)
})

test('what does not fit while a gap lasts is dropped and remembered to exist', () => {
  const sequence = new Sequence(0 as Seq, false)
  told(sequence, run(1, 900), run(900, 1100))
  assert.deepEqual(told(sequence, run(0, 1)).seqs.at(-1), 900)
  assert.equal(sequence.isBehind, true)
  assert.equal(sequence.missingUpto, 1100)
})

test('a guessed start moves down to where the server begins, but not once something was told', () => {
  const sequence = new Sequence(5 as Seq, true)
  assert.deepEqual(told(sequence, run(3, 6), run(1, 7)).seqs, [4, 5, 6, 7])
})

test('when a session ends, what came early is forgotten: the next one brings it again', () => {
  const sequence = new Sequence(0 as Seq, false)
  told(sequence, run(1, 2))
  sequence.sessionEnded()
  assert.deepEqual(told(sequence, run(0, 1), run(1, 2)).seqs, [1, 2])
})
