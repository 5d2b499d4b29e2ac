import type { Session } from '../core/index.js'
import type { ClientConnection } from './client-connection.js'

const SCRATCH_BYTES = 256 * 1024

/** Sends, at the end of each turn, what the turn wrote to clients: one WebSocket message per client. */
export class Outbox {
  /** Connections that are to end when their client has taken what waits for it. */
  readonly endings = new Set<ClientConnection>()
  private dirty: ClientConnection[] = []
  private scheduled = false
  private readonly scratch = new Uint8Array(SCRATCH_BYTES)
  private readonly endingMs: number
  private readonly bytesLow: number
  private readonly now: () => number
  private readonly onDrained: (session: Session) => void
  private readonly turn = (): void => {
    this.scheduled = false
    this.flush()
  }

  /**
   * @param endingMs how long a client may take to take the last of what was sent to it
   * @param onDrained called for sessions that wait for their socket, when at most `bytesLow` wait in it
   */
  constructor(endingMs: number, bytesLow: number, now: () => number, onDrained: (session: Session) => void) {
    this.endingMs = endingMs
    this.bytesLow = bytesLow
    this.now = now
    this.onDrained = onDrained
  }

  endingDeadline(): number {
    return this.now() + this.endingMs
  }

  queue(connection: ClientConnection): void {
    this.dirty.push(connection)
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.turn)
  }

  /** Sends now what waits for the end of the turn. */
  flush(): void {
    if (this.dirty.length === 0) return
    const { dirty } = this
    this.dirty = []
    for (const connection of dirty) connection.flush()
    // Whoever catches up writes its next portion into the next turn, so that the others get theirs in between.
    for (const connection of dirty) this.drained(connection)
  }

  /** Lets a session go on that waits for its socket. */
  drained(connection: ClientConnection): void {
    const { session } = connection
    if (session?.stalled === true && connection.bufferedBytes <= this.bytesLow) this.onDrained(session)
  }

  /** Frames as one message. Valid until the next call: uWebSockets copies what it cannot send at once. */
  join(first: Uint8Array, rest: readonly Uint8Array[], bytes: number): Uint8Array {
    const joined = bytes <= SCRATCH_BYTES ? this.scratch.subarray(0, bytes) : new Uint8Array(bytes)
    joined.set(first, 0)
    let at = first.length
    for (const frame of rest) {
      joined.set(frame, at)
      at += frame.length
    }
    return joined
  }

  /** Cuts connections whose clients do not take what waits for them. */
  sweep(): void {
    if (this.endings.size === 0) return
    const now = this.now()
    for (const connection of [...this.endings]) connection.cutIfOverdue(now)
  }
}
