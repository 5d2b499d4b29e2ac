import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessages, frameCodec, SERVER_FRAMES, type Seq } from '@chat4all/protocol'
import fc from 'fast-check'
import { cut, deliverFrame, type MessageRange, pieces, portionOf, withinBytes } from './encoded-frames.js'
import { ModelCluster } from './testing/owner-model.js'

const codec = frameCodec(SERVER_FRAMES)

/** (after, upto] with the given seqs in it, each of about `bytes`. */
function range(after: number, upto: number, seqs: readonly number[], bytes = 40): MessageRange {
  const cluster = new ModelCluster('n1')
  const conversation = cluster.create('c1', 'alice', 'bob')
  for (let i = 0; i < upto; i++) cluster.post(conversation, 'alice', bytes)
  const messages = Buffer.concat(seqs.map((seq) => conversation.messages[seq - 1]!))
  return { after: after as Seq, upto: upto as Seq, count: seqs.length, messages }
}

const seqsOf = ({ messages }: MessageRange) => decodeMessages(messages).map(({ seq }) => seq as number)
/** Any (after, upto] and what of it exists. */
const ranges = fc
  .tuple(
    fc.integer({ min: 0, max: 10 }),
    fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
    fc.integer({ min: 1, max: 300 }),
  )
  .map(([after, exists, bytes]) => {
    const seqs = exists.flatMap((there, i) => (there ? [after + 1 + i] : []))
    return range(after, after + exists.length, seqs, bytes)
  })

test('a cut holds exactly what lies between', () => {
  fc.assert(
    fc.property(ranges, fc.nat(30), fc.nat(30), (whole, a, b) => {
      const [after, upto] = [Math.min(a, b), Math.max(a, b)] as [Seq, Seq]
      fc.pre(after < whole.upto && upto > whole.after)
      const part = cut(whole, after, upto)
      assert.deepEqual(
        seqsOf(part),
        seqsOf(whole).filter((seq) => seq > after && seq <= upto),
      )
      assert.equal(part.count, seqsOf(part).length)
      assert.deepEqual([part.after, part.upto], [Math.max(after, whole.after), Math.min(upto, whole.upto)])
    }),
  )
})

test('pieces put together are the whole, and none is far over its size', () => {
  fc.assert(
    fc.property(ranges, fc.integer({ min: 1, max: 2_000 }), (whole, bytesMax) => {
      const parts = pieces(whole, bytesMax)
      assert.deepEqual(parts.flatMap(seqsOf), seqsOf(whole))
      assert.equal(parts[0]!.after, whole.after)
      assert.equal(parts.at(-1)!.upto, whole.upto)
      parts.forEach((part, i) => {
        if (i > 0) assert.equal(part.after, parts[i - 1]!.upto)
        assert.ok(part.count <= 1 || part.messages.length <= bytesMax)
        assert.equal(part.count, seqsOf(part).length)
      })
    }),
  )
})

test('a page cut down to size keeps its newest or its oldest end, and says truly what it covers', () => {
  fc.assert(
    fc.property(ranges, fc.integer({ min: 1, max: 2_000 }), fc.boolean(), (whole, bytesMax, newest) => {
      const part = withinBytes(whole, bytesMax, newest)
      const expected = seqsOf(whole).filter((seq) => seq > part.after && seq <= part.upto)
      assert.deepEqual(seqsOf(part), expected)
      assert.equal(newest ? part.upto : part.after, newest ? whole.upto : whole.after)
      assert.ok(part.count > 0 || whole.count === 0)
      assert.ok(part.count <= 1 || part.messages.length <= bytesMax)
    }),
  )
})

test('a portion holds the frame that clients get, and its messages are part of it', () => {
  const whole = range(2, 5, [3, 5])
  const portion = portionOf('c1' as never, whole)
  assert.deepEqual(Buffer.from(portion.frame), Buffer.from(deliverFrame('c1' as never, whole)))
  assert.equal(portion.messages.buffer, portion.frame.buffer)
  codec.decodeAll(portion.frame, (frame) => {
    assert.ok(frame.t === 'deliver')
    assert.deepEqual([frame.after, frame.upto, frame.messages.map(({ seq }) => seq)], [2, 5, [3, 5]])
  })
})
