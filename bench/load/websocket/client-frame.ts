/**
 * A client must mask its frames (RFC 6455 §5.3). With a mask of four zero bytes the masked payload is the payload
 * itself, so the generator pays nothing for it; the server unmasks as for any other key.
 */

/** Builds a whole frame of a client around a payload. */
export function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  const headBytes = headerBytes(payload.length)
  const frame = Buffer.alloc(headBytes + payload.length)
  frame[0] = 0x80 | opcode
  if (payload.length < 126) {
    frame[1] = 0x80 | payload.length
  } else if (payload.length < 0x10000) {
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(payload.length, 2)
  } else {
    frame[1] = 0x80 | 127
    frame.writeBigUInt64BE(BigInt(payload.length), 2)
  }
  frame.set(payload, headBytes)
  return frame
}

/** Where the payload begins in a frame of a client, mask included. */
export function headerBytes(payloadBytes: number): number {
  return (payloadBytes < 126 ? 2 : payloadBytes < 0x10000 ? 4 : 10) + 4
}
