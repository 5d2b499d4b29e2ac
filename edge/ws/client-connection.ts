import type { WebSocket } from 'uWebSockets.js'
import type { ClientSocket, Session } from '../core/index.js'
import type { Outbox } from './outbox.js'
import type { SocketData } from './socket-route.js'

/** uWebSockets' answer to a send that went out whole. */
const SENT = 1

/** How a connection ends, once it was decided. */
interface Ending {
  readonly code: number
  readonly reason: string
  /** When the client has not taken what waits for it by then, the connection is cut. */
  readonly deadline: number
}

/**
 * One client's WebSocket. What is written in a turn leaves as one message at the turn's end.
 *
 * uWebSockets is never left to decide about a slow client: it would drop one message and send the next, which is a
 * gap. It gets no bound of its own; the core looks at `bufferedBytes` and ends the session before that hurts.
 */
export class ClientConnection implements ClientSocket {
  session: Session | undefined
  private socket: WebSocket<SocketData> | undefined
  private readonly outbox: Outbox
  /** What was written in this turn: the first frame, then the others; most turns have one. */
  private first: Uint8Array | undefined
  private rest: Uint8Array[] | undefined
  private pendingBytes = 0
  /** Bytes in uWebSockets, when last looked. */
  private socketBytes = 0
  private queued = false
  private ending: Ending | undefined

  constructor(outbox: Outbox) {
    this.outbox = outbox
  }

  opened(socket: WebSocket<SocketData>): void {
    this.socket = socket
  }

  get bufferedBytes(): number {
    // Only ever falls between two sends: looked at again only where it was not nothing.
    if (this.socketBytes > 0) this.socketBytes = this.socket?.getBufferedAmount() ?? 0
    return this.pendingBytes + this.socketBytes
  }

  write(bytes: Uint8Array): void {
    if (this.first === undefined) this.first = bytes
    else if (this.rest === undefined) {
      const joined = joinedView(this.first, bytes)
      if (joined !== undefined) this.first = joined
      else this.rest = [bytes]
    } else this.rest.push(bytes)
    this.pendingBytes += bytes.length
    this.queue()
  }

  close(code: number, reason: string, discard: boolean): void {
    if (this.ending !== undefined) return
    if (discard) this.forgetPending()
    this.ending = { code, reason, deadline: this.outbox.endingDeadline() }
    this.outbox.endings.add(this)
    this.queue()
  }

  private queue(): void {
    if (this.queued) return
    this.queued = true
    this.outbox.queue(this)
  }

  private forgetPending(): void {
    this.first = undefined
    this.rest = undefined
    this.pendingBytes = 0
  }

  /** Sends what was written in this turn. */
  flush(): void {
    this.queued = false
    const { socket, first } = this
    if (socket === undefined) return
    if (first !== undefined) {
      const message = this.rest === undefined ? first : this.outbox.join(first, this.rest, this.pendingBytes)
      this.forgetPending()
      if (socket.send(message, true) !== SENT) this.socketBytes = socket.getBufferedAmount()
    }
    this.endIfDrained()
  }

  /** The client took some of what waited. */
  drained(): void {
    this.socketBytes = this.socket?.getBufferedAmount() ?? 0
    this.endIfDrained()
  }

  private endIfDrained(): void {
    if (this.ending === undefined || this.bufferedBytes > 0) return
    // Calls back through `closed` before it returns.
    this.socket?.end(this.ending.code, this.ending.reason)
  }

  /** Cuts the connection when its time to end in good order is over. */
  cutIfOverdue(now: number): void {
    if (this.ending !== undefined && now >= this.ending.deadline) this.socket?.close()
  }

  /** The socket is gone. Returns the close code: ours, where we ended it. */
  closed(code: number): number {
    this.socket = undefined
    this.forgetPending()
    this.socketBytes = 0
    this.outbox.endings.delete(this)
    return this.ending?.code ?? code
  }
}

/** Two pieces of memory as one, where the second lies right behind the first: frames written one after the other do. */
function joinedView(a: Uint8Array, b: Uint8Array): Uint8Array | undefined {
  if (a.buffer !== b.buffer || a.byteOffset + a.length !== b.byteOffset) return undefined
  return new Uint8Array(a.buffer, a.byteOffset, a.length + b.length)
}
