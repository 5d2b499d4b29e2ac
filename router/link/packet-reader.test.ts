import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PacketReader } from './packet-reader.js'

function framed(packets: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    packets.flatMap((packet) => {
      const header = Buffer.alloc(4)
      header.writeUInt32BE(packet.length)
      return [header, packet]
    }),
  )
}

function readAll(reader: PacketReader, chunk: Uint8Array): Buffer[] {
  const packets: Buffer[] = []
  reader.push(chunk)
  for (let packet = reader.next(); packet !== undefined; packet = reader.next()) packets.push(Buffer.from(packet))
  return packets
}

test('packets come out as they went in, however the stream is cut', () => {
  const packets = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 })
  fc.assert(
    fc.property(packets, fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1 }), (sent, cuts) => {
      const stream = framed(sent)
      const reader = new PacketReader(200)
      const got: Buffer[] = []
      for (let at = 0, i = 0; at < stream.length; i++) {
        const end = at + cuts[i % cuts.length]!
        got.push(...readAll(reader, stream.subarray(at, end)))
        at = end
      }
      assert.deepEqual(
        got,
        sent.map((packet) => Buffer.from(packet)),
      )
    }),
  )
})

test('a packet inside one chunk is not copied', () => {
  const stream = framed([Buffer.alloc(100), Buffer.alloc(50)])
  const reader = new PacketReader(100)
  reader.push(stream)
  assert.equal(reader.next()!.buffer, stream.buffer)
  assert.equal(reader.next()!.buffer, stream.buffer)
})

test('a length above the bound is refused before its bytes have come', () => {
  const reader = new PacketReader(10)
  reader.push(Buffer.of(0, 0, 0, 11))
  assert.throws(() => reader.next(), /a packet of 11 bytes; at most 10/)
})

test('the cost of a large packet in small chunks is linear', () => {
  // With a copy per chunk this would move 128 GB; it takes as long as one copy instead.
  const size = 16 * 1024 * 1024
  const stream = framed([Buffer.alloc(size, 7)])
  const reader = new PacketReader(size)
  const before = process.cpuUsage()
  let packet: Uint8Array | undefined
  for (let at = 0; at < stream.length; at += 1024) {
    reader.push(stream.subarray(at, at + 1024))
    packet = reader.next()
  }
  assert.equal(packet?.length, size)
  assert.ok(process.cpuUsage(before).user < 5_000_000)
})
