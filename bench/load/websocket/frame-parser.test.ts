import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientFrame, headerBytes } from './client-frame.js'
import { FrameParser, OPCODE } from './frame-parser.js'

/** A server's frame: like a client's, without the mask. */
function serverFrame(opcode: number, payload: Buffer): Buffer {
  const masked = clientFrame(opcode, payload)
  const head = masked.subarray(0, headerBytes(payload.length) - 4)
  head[1] = head[1]! & 0x7f
  return Buffer.concat([head, payload])
}

function parse(chunks: readonly Buffer[]): { messages: string[]; controls: string[] } {
  const messages: string[] = []
  const controls: string[] = []
  const parser = new FrameParser({
    message: (bytes, from, to) => messages.push(bytes.subarray(from, to).toString('hex')),
    control: (opcode, bytes) => controls.push(`${opcode} ${bytes.toString('hex')}`),
  })
  for (const chunk of chunks) parser.push(chunk)
  return { messages, controls }
}

test('whatever the chunks, the same messages come out', () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.integer({ min: 0, max: 70_000 }).map((size) => new Uint8Array(size).fill(size & 0xff)),
  )
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 6 }), fc.array(fc.nat({ max: 3000 }), { minLength: 1 }), (all, cuts) => {
      const stream = Buffer.concat(all.map((bytes) => serverFrame(OPCODE.binary, Buffer.from(bytes))))
      const chunks: Buffer[] = []
      for (let at = 0, cut = 0; at < stream.length; cut++) {
        const size = Math.max(1, cuts[cut % cuts.length]!)
        chunks.push(stream.subarray(at, at + size))
        at += size
      }
      assert.deepEqual(
        parse(chunks).messages,
        all.map((bytes) => Buffer.from(bytes).toString('hex')),
      )
    }),
    { numRuns: 60 },
  )
})

test('a ping between two messages is told apart from them', () => {
  const { messages, controls } = parse([
    Buffer.concat([
      serverFrame(OPCODE.text, Buffer.from('a')),
      serverFrame(OPCODE.ping, Buffer.from('p')),
      serverFrame(OPCODE.text, Buffer.from('b')),
    ]),
  ])
  assert.deepEqual(messages, ['61', '62'])
  assert.deepEqual(controls, [`${OPCODE.ping} 70`])
})

test('what no well-behaved server sends is an error, not a misreading', () => {
  assert.throws(() => parse([clientFrame(OPCODE.text, Buffer.from('masked'))]), /masks/)
  assert.throws(() => parse([Buffer.from([OPCODE.text, 1, 97])]), /fragmented/)
  assert.throws(() => parse([Buffer.from([0xc0 | OPCODE.text, 1, 97])]), /extension/)
})

test('a client’s frame is masked with zeros, so its payload stands in it as it is', () => {
  for (const size of [0, 5, 125, 126, 65_535, 65_536]) {
    const frame = clientFrame(OPCODE.binary, Buffer.alloc(size, 7))
    assert.equal(frame[1]! & 0x80, 0x80)
    assert.equal(frame.length, headerBytes(size) + size)
    assert.deepEqual(frame.subarray(headerBytes(size) - 4, headerBytes(size)), Buffer.alloc(4))
  }
})
