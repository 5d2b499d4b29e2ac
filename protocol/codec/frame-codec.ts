import { Chat4AllError } from '../errors.js'
import type { AnyFrameType, FrameOf } from '../schema/shapes.js'
import { Reader } from './reader.js'
import type { Writer } from './writer.js'

/** Encoder and decoder of a closed set of frames, made from their schema. */
export interface FrameCodec<Frame extends { readonly t: string }> {
  /**
   * Decodes every frame of a WebSocket message or a link packet: one or more frames, one behind the other.
   * @throws Chat4AllError MALFORMED_FRAME or UNKNOWN_FRAME. Frames before the bad one have been passed to `onFrame`.
   */
  decodeAll(bytes: Uint8Array, onFrame: (frame: Frame) => void): void
  /** Appends one frame. */
  encode(writer: Writer, frame: Frame): void
}

export function frameCodec<const Types extends readonly AnyFrameType[]>(
  types: Types,
): FrameCodec<FrameOf<Types[number]>> {
  type Frame = FrameOf<Types[number]> & { readonly t: string }
  const byCode: (AnyFrameType | undefined)[] = []
  const byName = new Map<string, AnyFrameType>()
  for (const type of types) {
    if (byCode[type.code] !== undefined || byName.has(type.name))
      throw new Error(`two frames are ${type.code} ${type.name}`)
    byCode[type.code] = type
    byName.set(type.name, type)
  }
  return {
    decodeAll(bytes, onFrame) {
      const reader = new Reader(bytes)
      if (reader.done) throw new Chat4AllError('MALFORMED_FRAME', 'an empty message')
      while (!reader.done) {
        const present = reader.array(64)
        if (present === 0) throw new Chat4AllError('MALFORMED_FRAME', 'a frame without a type')
        const code = reader.uint(0xffff)
        const type = byCode[code]
        if (type === undefined) throw new Chat4AllError('UNKNOWN_FRAME', `no frame has type ${code}`)
        onFrame(type.readFields(reader, present - 1) as Frame)
      }
    },
    encode(writer, frame) {
      byName.get(frame.t)!.write(writer, frame)
    },
  }
}
