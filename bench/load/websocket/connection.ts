import { connect, type Socket } from 'node:net'
import { clientFrame } from './client-frame.js'
import { FrameParser, type FrameSink, OPCODE } from './frame-parser.js'

/**
 * A WebSocket client that costs as little as node:net allows: one read buffer for all connections, frames parsed in
 * place, and one write for all that was queued while a chunk was read.
 */

export interface ConnectionEvents {
  message(bytes: Buffer, from: number, to: number): void
  /** All frames of a chunk have been passed on: a good moment to flush. */
  chunkRead(): void
  closed(reason: string): void
}

export interface Address {
  readonly port: number
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
}

const HANDSHAKE_MS_MAX = 30_000
/** Shared: what it holds is consumed, or copied by the parser, before the next read can happen. */
const readBuffer = Buffer.allocUnsafe(256 * 1024)

const SLAB_BYTES = 512 * 1024
/** What is queued lies in a slab that is never written to again where it was handed to a socket. */
let slab = Buffer.allocUnsafe(SLAB_BYTES)
let slabAt = 0

export class Connection implements FrameSink {
  private readonly socket: Socket
  private readonly events: ConnectionEvents
  private readonly parser = new FrameParser(this)
  private handshake: Buffer | undefined = Buffer.alloc(0)
  private opened: (() => void) | undefined
  private reasonToClose: string | undefined
  private queuedFrom = -1
  /** Frames queued in slabs that filled up before the flush. */
  private queuedEarlier: Buffer[] = []

  /** Resolves once the server has switched protocols. */
  static open(address: Address, events: ConnectionEvents): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let settled = false
      const timer = setTimeout(() => connection.destroy('the handshake took too long'), HANDSHAKE_MS_MAX)
      const connection: Connection = new Connection(address, {
        message: (bytes, from, to) => events.message(bytes, from, to),
        chunkRead: () => events.chunkRead(),
        closed(reason) {
          clearTimeout(timer)
          if (settled) events.closed(reason)
          else reject(new Error(`cannot connect to port ${address.port}: ${reason}`))
        },
      })
      connection.opened = () => {
        settled = true
        clearTimeout(timer)
        resolve(connection)
      }
    })
  }

  private constructor(address: Address, events: ConnectionEvents) {
    this.events = events
    this.socket = connect({
      host: '127.0.0.1',
      port: address.port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (count) => {
          this.read(readBuffer.subarray(0, count))
          return true
        },
      },
    })
    this.socket.on('connect', () => {
      const headers = Object.entries(address.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
      this.socket.write(
        `GET ${address.path} HTTP/1.1\r\nHost: 127.0.0.1:${address.port}\r\nUpgrade: websocket\r\n` +
          `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n` +
          `${headers.join('')}\r\n`,
      )
    })
    this.socket.on('error', (error) => {
      this.reasonToClose ??= error.message
    })
    this.socket.on('close', () => this.events.closed(this.reasonToClose ?? 'the server ended the connection'))
  }

  private read(chunk: Buffer): void {
    try {
      if (this.handshake === undefined) this.parser.push(chunk)
      else this.readHandshake(chunk)
    } catch (error) {
      this.destroy((error as Error).message)
      return
    }
    this.events.chunkRead()
  }

  private readHandshake(chunk: Buffer): void {
    const bytes = Buffer.concat([this.handshake!, chunk])
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) {
      this.handshake = bytes
      return
    }
    const head = bytes.subarray(0, end).toString('latin1')
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${bytes.subarray(0, 300).toString('latin1')}`)
    this.handshake = undefined
    this.opened?.()
    if (end + 4 < bytes.length) this.parser.push(bytes.subarray(end + 4))
  }

  message(bytes: Buffer, from: number, to: number): void {
    this.events.message(bytes, from, to)
  }

  control(opcode: number, bytes: Buffer): void {
    if (opcode === OPCODE.ping) {
      this.queue(clientFrame(OPCODE.pong, bytes))
      this.flush()
    } else if (opcode === OPCODE.close) {
      const code = bytes.length >= 2 ? bytes.readUInt16BE(0) : 1005
      this.reasonToClose ??= `closed by the server: ${code} ${bytes.subarray(2).toString()}`.trimEnd()
    }
  }

  /** Copies a whole client frame behind what is queued. Flush before another connection queues. */
  queue(frame: Buffer): void {
    if (slabAt + frame.length > slab.length) {
      if (this.queuedFrom >= 0) this.queuedEarlier.push(slab.subarray(this.queuedFrom, slabAt))
      slab = Buffer.allocUnsafe(Math.max(SLAB_BYTES, frame.length))
      slabAt = 0
      this.queuedFrom = 0
    }
    if (this.queuedFrom < 0) this.queuedFrom = slabAt
    slab.set(frame, slabAt)
    slabAt += frame.length
  }

  /** Writes what is queued, in one call. */
  flush(): void {
    if (this.queuedFrom < 0) return
    const last = slab.subarray(this.queuedFrom, slabAt)
    this.queuedFrom = -1
    if (this.queuedEarlier.length > 0) {
      this.socket.write(Buffer.concat([...this.queuedEarlier, last]))
      this.queuedEarlier = []
    } else {
      this.socket.write(last)
    }
  }

  /** Drops the TCP connection at once, without a close frame: what a lost network looks like to the server. */
  destroy(reason = 'closed by this client'): void {
    this.reasonToClose ??= reason
    this.socket.destroy()
  }
}
