/**
 * Notices a dead connection, which TCP alone may hide for many minutes, and keeps the server from thinking the same
 * of ours.
 */
const PING_MS_MAX = 25_000
const PONG_MS_MAX = 10_000

export class Heartbeat {
  private pingMs = PING_MS_MAX
  private pongMs = PONG_MS_MAX
  private sentAt = 0
  private receivedAt = 0
  private pingedAt: number | undefined

  /** @param heartbeatMs the server closes after so long without a frame */
  opened(heartbeatMs: number, now: number): void {
    // A fifth is left for a ping that travels slowly and a timer that fires late.
    this.pingMs = Math.max(1, Math.min(PING_MS_MAX, heartbeatMs * 0.4))
    this.pongMs = Math.max(1, Math.min(PONG_MS_MAX, heartbeatMs * 0.4))
    this.sentAt = now
    this.receivedAt = now
    this.pingedAt = undefined
  }

  sent(now: number): void {
    this.sentAt = now
  }

  received(now: number): void {
    this.receivedAt = now
    this.pingedAt = undefined
  }

  get wakeAt(): number {
    if (this.pingedAt !== undefined) return this.pingedAt + this.pongMs
    return Math.min(this.sentAt, this.receivedAt) + this.pingMs
  }

  /** What is due; after `ping` the caller sends one. */
  check(now: number): 'ping' | 'dead' | undefined {
    if (now < this.wakeAt) return undefined
    return this.pingedAt === undefined ? this.ping(now) : 'dead'
  }

  /** Asks for a sign of life out of turn, unless one is awaited already. */
  ping(now: number): 'ping' | undefined {
    if (this.pingedAt !== undefined) return undefined
    this.pingedAt = now
    this.sentAt = now
    return 'ping'
  }
}
