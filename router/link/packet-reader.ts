/** Bytes of the length that stands in front of each packet. */
export const PACKET_HEADER_BYTES = 4

/**
 * Cuts a stream of bytes into packets: a length (uint32, big-endian), then as many bytes.
 *
 * A packet that came in one chunk is a view of it; one that came in many is copied together once, when it is whole. So
 * the cost is linear whatever the sizes of the chunks, and a peer can make us hold at most one packet.
 */
export class PacketReader {
  /** Largest packet that is taken. May be raised, as when the peer has shown who it is. */
  bytesMax: number
  private readonly chunks: Uint8Array[] = []
  private buffered = 0
  /** Bytes of the first chunk that were taken already. */
  private taken = 0
  /** Length of the packet that is awaited, once its header was read. */
  private awaited: number | undefined

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.chunks.push(chunk)
    this.buffered += chunk.length
  }

  /**
   * The next whole packet, or undefined until more was pushed.
   * @throws RangeError when its length is above the bound; nothing can be read after that.
   */
  next(): Uint8Array | undefined {
    if (this.awaited === undefined) {
      if (this.buffered < PACKET_HEADER_BYTES) return undefined
      const header = this.take(PACKET_HEADER_BYTES)
      const length = header[0]! * 0x1000000 + ((header[1]! << 16) | (header[2]! << 8) | header[3]!)
      if (length > this.bytesMax)
        throw new RangeError(`a packet of ${length} bytes; at most ${this.bytesMax} are taken`)
      this.awaited = length
    }
    if (this.buffered < this.awaited) return undefined
    const packet = this.take(this.awaited)
    this.awaited = undefined
    return packet
  }

  private take(count: number): Uint8Array {
    const first = this.chunks[0]
    if (first !== undefined && first.length - this.taken >= count) {
      const view = first.subarray(this.taken, this.taken + count)
      this.taken += count
      if (this.taken === first.length) this.dropFirst()
      this.buffered -= count
      return view
    }
    const whole = new Uint8Array(count)
    let filled = 0
    let used = 0
    while (filled < count) {
      const chunk = this.chunks[used]!
      const part = chunk.subarray(this.taken, this.taken + count - filled)
      whole.set(part, filled)
      filled += part.length
      this.taken += part.length
      if (this.taken === chunk.length) {
        used++
        this.taken = 0
      }
    }
    this.chunks.splice(0, used)
    this.buffered -= count
    return whole
  }

  private dropFirst(): void {
    this.chunks.shift()
    this.taken = 0
  }
}
