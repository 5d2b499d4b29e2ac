import type { Socket } from 'node:net'
import { type FrameCodec, Writer } from '@chat4all/protocol'
import { PACKET_HEADER_BYTES, PacketReader } from './packet-reader.js'
import type { Link, LinkHandler } from './port.js'

/** Largest packet. One frame holds at most 16 MiB of messages; the rest is room for what stands around them. */
export const PACKET_BYTES_MAX = 32 * 1024 * 1024
/** A packet is ended at this size, so that the other side can begin before everything was sent. */
const PACKET_BYTES_TARGET = 256 * 1024
/** What may wait for a peer that does not read. Callers look at `bufferedBytes` and stop long before. */
const BUFFERED_BYTES_MAX = 64 * 1024 * 1024
/** How long a closed link may take to send what it still has. */
const FAREWELL_MS = 1_000
/** Beats without a byte from the other side after which it counts as dead. */
const SILENT_BEATS_MAX = 3

const HEADER = new Uint8Array(PACKET_HEADER_BYTES)

export interface LinkCodecs<Out extends { readonly t: string }, In extends { readonly t: string }> {
  readonly outgoing: FrameCodec<Out>
  readonly incoming: FrameCodec<In>
}

/** One side of a link over a socket: packets, batches, heartbeats and the end. Who is who is settled in tcp.ts. */
export class TcpLink<Out extends { readonly t: string }, In extends { readonly t: string }> implements Link<Out> {
  private readonly socket: Socket
  private readonly codecs: LinkCodecs<Out, In>
  private readonly handler: LinkHandler<In>
  private readonly reader: PacketReader
  private readonly writer = new Writer()
  private packets: Uint8Array[] = []
  private packetsBytes = 0
  private incoming: In[] = []
  private flushScheduled = false
  private closing: string | undefined
  private heartbeat: NodeJS.Timeout | undefined
  private silentBeats = 0
  // Made once per link, so that a batch needs no closure.
  private readonly turn = (): void => this.flush()
  private readonly keep = (frame: In): void => {
    this.incoming.push(frame)
  }

  /** `handler` gets every frame, those of greeting and heartbeat too. */
  constructor(socket: Socket, codecs: LinkCodecs<Out, In>, packetBytesMax: number, handler: LinkHandler<In>) {
    this.socket = socket
    this.codecs = codecs
    this.handler = handler
    this.reader = new PacketReader(packetBytesMax)
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.received(chunk))
    socket.on('end', () => {
      this.closing ??= 'closed by the other side'
    })
    socket.on('error', (error) => {
      this.closing ??= error.message
    })
    socket.on('close', () => {
      clearInterval(this.heartbeat)
      this.closing ??= 'closed by the other side'
      handler.closed(this.closing)
    })
  }

  get bufferedBytes(): number {
    return this.writer.length + this.packetsBytes + this.socket.writableLength
  }

  /** Frames sent in one turn of the event loop go out together in its check phase, as one write. */
  send(frames: readonly Out[]): void {
    if (this.closing !== undefined) return
    for (const frame of frames) {
      if (this.writer.length === 0) this.writer.raw(HEADER)
      this.codecs.outgoing.encode(this.writer, frame)
      if (this.writer.length >= PACKET_BYTES_TARGET) this.endPacket()
    }
    if (this.flushScheduled) return
    this.flushScheduled = true
    setImmediate(this.turn)
  }

  close(): void {
    if (this.closing !== undefined) return
    this.flush()
    this.closing = 'closed by this side'
    this.socket.end()
    setTimeout(() => this.socket.destroy(), FAREWELL_MS).unref()
  }

  /** Ends the link at once, for a fault of the other side. */
  abort(reason: string): void {
    this.closing ??= reason
    this.socket.destroy()
  }

  /** From now on packets of full size are taken, and `beat` is called each `beatMs` while the other side lives. */
  opened(beatMs: number, beat: () => void): void {
    this.reader.bytesMax = PACKET_BYTES_MAX
    // Beats are counted, not time: after a pause of this process only one has passed, and what arrived in the
    // meantime is read before the next.
    this.heartbeat = setInterval(() => {
      if (this.silentBeats >= SILENT_BEATS_MAX) {
        this.abort(`the other side was silent for ${(this.silentBeats * beatMs) / 1000} s`)
        return
      }
      this.silentBeats++
      beat()
    }, beatMs)
  }

  /** Runs `then` in a later turn, and holds back until it has run whatever else arrives. */
  holdIncoming(then: () => void): void {
    this.socket.pause()
    setImmediate(() => {
      if (this.closing !== undefined) return
      then()
      this.socket.resume()
    })
  }

  private received(chunk: Uint8Array): void {
    if (this.closing !== undefined) return
    this.silentBeats = 0
    try {
      this.reader.push(chunk)
      for (let packet = this.reader.next(); packet !== undefined; packet = this.reader.next()) {
        this.codecs.incoming.decodeAll(packet, this.keep)
      }
    } catch (error) {
      // A fault of the bytes, of which the rest cannot be trusted either. What was whole before it is dropped too:
      // it counts as not arrived.
      this.incoming = []
      this.abort(`the other side sent what is no packet of frames: ${(error as Error).message}`)
      return
    }
    if (this.incoming.length === 0) return
    const frames = this.incoming
    this.incoming = []
    this.handler.frames(frames)
  }

  private endPacket(): void {
    const packet = this.writer.take()
    const length = packet.length - PACKET_HEADER_BYTES
    if (length > PACKET_BYTES_MAX) throw new RangeError(`a frame of ${length} bytes does not fit into a packet`)
    packet[0] = length >>> 24
    packet[1] = length >>> 16
    packet[2] = length >>> 8
    packet[3] = length
    this.packets.push(packet)
    this.packetsBytes += packet.length
  }

  private flush(): void {
    this.flushScheduled = false
    if (this.closing !== undefined) return
    if (this.writer.length > 0) this.endPacket()
    if (this.packets.length === 0) return
    const packets = this.packets
    this.packets = []
    this.packetsBytes = 0
    if (packets.length === 1) {
      this.socket.write(packets[0]!)
    } else {
      this.socket.cork()
      for (const packet of packets) this.socket.write(packet)
      this.socket.uncork()
    }
    if (this.socket.writableLength > BUFFERED_BYTES_MAX) {
      this.abort(`the other side does not read: ${this.socket.writableLength} bytes wait for it`)
    }
  }
}
