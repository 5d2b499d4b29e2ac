import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, decodeMulti, encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { Chat4AllError } from '../errors.js'
import { DIRECTIONS } from '../schema/channels.js'
import { CLIENT_FRAMES, PROTOCOL_VERSION } from '../schema/client-frames.js'
import type { AnyFrameType } from '../schema/shapes.js'
import { arbitraryJson } from '../vectors/arbitrary-json.js'
import { wireOfFrame } from '../vectors/wire-json.js'
import { type FrameCodec, frameCodec } from './frame-codec.js'
import { Reader } from './reader.js'
import { Writer } from './writer.js'

type AnyFrame = { readonly t: string }
type AnyCodec = FrameCodec<AnyFrame>

/** Every frame of every direction, with the codec that knows its peers. */
const ALL: { readonly where: string; readonly codec: AnyCodec; readonly type: AnyFrameType }[] = DIRECTIONS.flatMap(
  ({ name, frames }) => {
    const codec = frameCodec(frames) as unknown as AnyCodec
    return frames.map((type) => ({ where: `${name} ${type.name}`, codec, type }))
  },
)
const clientCodec = frameCodec(CLIENT_FRAMES) as unknown as AnyCodec

/** A random frame: its type, its codec, and the array that MessagePack is to carry for it. */
const arbitraryFrame = fc.oneof(
  ...ALL.map(({ codec, type }) =>
    arbitraryJson(type.schema).map((json) => ({ codec, type, wire: wireOfFrame(type, json) })),
  ),
)

function decodeAll(codec: AnyCodec, bytes: Uint8Array): AnyFrame[] {
  const frames: AnyFrame[] = []
  codec.decodeAll(bytes, (frame) => frames.push(frame))
  return frames
}

function encodeOne(codec: AnyCodec, frame: AnyFrame): Uint8Array {
  const writer = new Writer(64)
  codec.encode(writer, frame)
  return writer.take()
}

/** Decodes hostile bytes: frames, or one of two errors, and nothing else. Returns the code of the error. */
function decodeHostile(codec: AnyCodec, bytes: Uint8Array): string | undefined {
  try {
    decodeAll(codec, bytes)
    return undefined
  } catch (error) {
    if (!(error instanceof Chat4AllError)) throw error
    assert.ok(error.code === 'MALFORMED_FRAME' || error.code === 'UNKNOWN_FRAME', `${error.code}`)
    assert.ok(error.detail.length > 0)
    return error.code
  }
}

for (const { where, codec, type } of ALL) {
  test(`${where}: what another MessagePack library writes is understood, and what we write it understands`, () => {
    fc.assert(
      fc.property(arbitraryJson(type.schema), (json) => {
        const wire = wireOfFrame(type, json)
        const [frame, ...others] = decodeAll(codec, encode(wire))
        assert.equal(others.length, 0)
        assert.equal(frame!.t, type.name)
        const bytes = encodeOne(codec, frame!)
        assert.deepEqual(decode(bytes), wire)
        assert.deepEqual(decodeAll(codec, bytes), [frame])
      }),
      { numRuns: 60 },
    )
  })

  test(`${where}: checking accepts what decoding accepts, and passes over as much`, () => {
    fc.assert(
      fc.property(arbitraryJson(type.schema), fc.nat(), fc.nat(255), (json, place, value) => {
        const bytes = encode(wireOfFrame(type, json))
        // Half of the runs damage a byte: then either both refuse or both accept.
        if (value > 127) bytes[place % bytes.length] = value
        assert.deepEqual(outcome(bytes, type, 'checkFields'), outcome(bytes, type, 'readFields'))
      }),
      { numRuns: 60 },
    )
  })
}

/** Where decoding or checking one frame's bytes ended, or the error. */
function outcome(bytes: Uint8Array, type: AnyFrameType, how: 'checkFields' | 'readFields'): number | string {
  const reader = new Reader(bytes)
  try {
    const present = reader.array(64)
    reader.uint(0xffff)
    type[how](reader, present - 1)
    return reader.at
  } catch (error) {
    if (error instanceof Chat4AllError) return error.detail
    throw error
  }
}

test('several frames in one message come out in order', () => {
  fc.assert(
    fc.property(fc.array(arbitraryFrame, { minLength: 1, maxLength: 5 }), (frames) => {
      const { codec } = frames[0]!
      const same = frames.filter((frame) => frame.codec === codec)
      const bytes = Buffer.concat(same.map(({ wire }) => encode(wire)))
      const decoded = decodeAll(codec, bytes)
      assert.deepEqual(
        decoded.map(({ t }) => t),
        same.map(({ type }) => type.name),
      )
      const writer = new Writer(64)
      for (const frame of decoded) codec.encode(writer, frame)
      assert.deepEqual(
        [...decodeMulti(writer.take())],
        same.map(({ wire }) => wire),
      )
    }),
  )
})

test('a frame cut off at any byte is malformed', () => {
  fc.assert(
    fc.property(arbitraryFrame, ({ codec, wire }) => {
      const bytes = encode(wire)
      for (let length = 0; length < bytes.length; length++) {
        assert.equal(decodeHostile(codec, bytes.subarray(0, length)), 'MALFORMED_FRAME')
      }
    }),
    { numRuns: 300 },
  )
})

test('a frame is read to its end and not a byte further', () => {
  fc.assert(
    fc.property(arbitraryFrame, ({ codec, type, wire }) => {
      // The frame lies in a larger buffer whose other bytes would be understood: a reader that looks past the end of
      // its view, or copies from before it, takes them.
      const bytes = encode(wire)
      const around = new Uint8Array(bytes.length + 64).fill(0x01)
      around.set(bytes, 32)
      const frames = decodeAll(codec, around.subarray(32, 32 + bytes.length))
      assert.deepEqual(frames, decodeAll(codec, bytes))
      assert.equal(outcome(around.subarray(32), type, 'readFields'), bytes.length)
    }),
    { numRuns: 300 },
  )
})

test('random bytes are frames or one of two errors', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ALL), fc.uint8Array({ maxLength: 200 }), ({ codec }, bytes) => {
      decodeHostile(codec, bytes)
    }),
    { numRuns: 5_000 },
  )
})

test('frames with damaged bytes are frames or one of two errors', () => {
  const damage = fc.record({ place: fc.nat(), value: fc.nat(255), insert: fc.boolean() })
  fc.assert(
    fc.property(arbitraryFrame, fc.array(damage, { minLength: 1, maxLength: 4 }), ({ codec, wire }, damages) => {
      const bytes = [...encode(wire)]
      for (const { place, value, insert } of damages) bytes.splice(place % bytes.length, insert ? 0 : 1, value)
      decodeHostile(codec, new Uint8Array(bytes))
    }),
    { numRuns: 5_000 },
  )
})

test('any other MessagePack is refused with one of two errors', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ALL), fc.jsonValue(), ({ codec, type }, value) => {
      decodeHostile(codec, encode(value))
      decodeHostile(codec, encode([type.code, value]))
      decodeHostile(codec, encode([type.code, value, value, value, value, value, value, value, value]))
    }),
    { numRuns: 1_000 },
  )
})

test('a frame of a newer peer, with fields that we do not know, is understood', () => {
  fc.assert(
    fc.property(arbitraryFrame, fc.jsonValue({ maxDepth: 3 }), ({ codec, type, wire }, value) => {
      const all = [...wire, ...new Array(Object.keys(type.fields).length + 1 - wire.length).fill(null)]
      const newer = encode([...all, JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'x')), 7])
      assert.deepEqual(decodeAll(codec, newer), decodeAll(codec, encode(wire)))
    }),
  )
})

test('a frame without a field that it needs is refused by the name of the field', () => {
  for (const { where, codec, type } of ALL) {
    const needed = (type.schema.required as string[]).length
    if (needed === 0) continue
    assert.throws(
      () => decodeAll(codec, encode([type.code])),
      (error: Chat4AllError) =>
        error.code === 'MALFORMED_FRAME' && error.detail.includes(`field ${Object.keys(type.fields)[0]} is missing`),
      where,
    )
  }
})

test('a number that no frame has is an unknown frame', () => {
  assert.equal(decodeHostile(clientCodec, encode([999])), 'UNKNOWN_FRAME')
  // `welcome` is only for the server to send.
  assert.equal(decodeHostile(clientCodec, encode([2, PROTOCOL_VERSION])), 'UNKNOWN_FRAME')
})

test('no bytes, an empty array and things that are no array are malformed', () => {
  for (const bytes of [new Uint8Array(0), encode([]), encode({}), encode(1), encode('send'), encode(null)]) {
    assert.equal(decodeHostile(clientCodec, bytes), 'MALFORMED_FRAME')
  }
})

test('frames before a bad one are passed on', () => {
  const frames: AnyFrame[] = []
  const bytes = Buffer.concat([encode([23]), encode([999])])
  assert.throws(() => clientCodec.decodeAll(bytes, (frame) => frames.push(frame)), Chat4AllError)
  assert.deepEqual(frames, [{ t: 'ping' }])
})

test('two frames of one number or name are a mistake that is found when the codec is made', () => {
  const [hello, send] = CLIENT_FRAMES
  assert.throws(() => frameCodec([hello, { ...send, code: hello.code }]), /two frames are 1 send/)
  assert.throws(() => frameCodec([hello, { ...hello, code: 77 }]), /two frames are 77 hello/)
})
