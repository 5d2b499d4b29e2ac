/**
 * Takes a server's WebSocket frames (RFC 6455 §5) out of chunks of any size. It only does what a server may send to
 * a client that offered no extensions, and shows messages in place: most chunks are read without a copy.
 */

export const OPCODE = { text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const

export interface FrameSink {
  /** A whole message: `bytes` from `from` to `to`, valid only during the call. */
  message(bytes: Buffer, from: number, to: number): void
  /** A control frame; `bytes` valid only during the call. */
  control(opcode: number, bytes: Buffer): void
}

export class FrameParser {
  private readonly sink: FrameSink
  /** The beginning of a frame whose end has not come yet. */
  private rest: Buffer | undefined

  constructor(sink: FrameSink) {
    this.sink = sink
  }

  /**
   * Passes on every frame that is complete with this chunk, which it does not keep.
   * @throws Error on a frame that no well-behaved server sends to this client.
   */
  push(chunk: Buffer): void {
    let bytes = chunk
    if (this.rest !== undefined) {
      bytes = Buffer.concat([this.rest, chunk])
      this.rest = undefined
    }
    const end = bytes.length
    let at = 0
    while (end - at >= 2) {
      const first = bytes[at]!
      let size = bytes[at + 1]!
      let from = at + 2
      if (size >= 0x80) throw new Error('the server masks its frames')
      if (size === 126) {
        if (end - at < 4) break
        size = (bytes[at + 2]! << 8) | bytes[at + 3]!
        from = at + 4
      } else if (size === 127) {
        if (end - at < 10) break
        size = Number(bytes.readBigUInt64BE(at + 2))
        from = at + 10
      }
      if (from + size > end) break
      at = from + size
      const opcode = first & 0x0f
      if (first < 0x80 || opcode === 0) throw new Error('the server sends fragmented messages')
      if ((first & 0x70) !== 0) throw new Error('the server uses an extension that was not offered')
      if (opcode < 0x8) this.sink.message(bytes, from, at)
      else this.sink.control(opcode, bytes.subarray(from, at))
    }
    if (at < end) this.rest = Buffer.from(bytes.subarray(at, end))
  }
}
