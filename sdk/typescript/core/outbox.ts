import { Chat4AllError, type ClientFrame, type Cseq } from '@chat4all/protocol'

/**
 * Owns the order of what this client asks to be committed, and the numbers (cseq) under which it does so. Prevents
 * that a message is lost, overtakes an earlier one, or is posted twice, whatever connections, servers and bounds do
 * in between: everything unacknowledged is kept, and sent again in its first order (go-back-N).
 */

/** Frames that carry a cseq. */
export type NumberedFrame = Extract<ClientFrame, { t: 'send' | 'create' | 'members' }>

export interface OutboxRequest {
  /** Bytes that it counts for. */
  readonly size: number
  /** Answers of the kind "try again" that it got. */
  refusals: number
  /** True while it is on its way in this session. */
  inFlight: boolean
  /** Its frame, under this number. */
  frame(cseq: Cseq): NumberedFrame
}

export interface OutboxLimits {
  readonly requestsMax: number
  readonly bytesMax: number
  /** Requests on their way at once. */
  readonly inFlightMax: number
  readonly inFlightBytesMax: number
}

export class Outbox<Request extends OutboxRequest> {
  private readonly limits: OutboxLimits
  /** Not sent in this session, in order; those before `from` are gone. */
  private waiting: Request[] = []
  private from = 0
  /** Sent in this session and unanswered, by cseq. */
  private readonly inFlight = new Map<number, Request>()
  private inFlightBytes = 0
  /** Highest cseq given out in this session. */
  private assigned = 0
  /** The cseq to send next; at or below `assigned` after going back. */
  private next = 1
  private bytes = 0
  private pausedUntil = 0

  constructor(limits: OutboxLimits) {
    this.limits = limits
  }

  get size(): number {
    return this.waiting.length - this.from + this.inFlight.size
  }

  /** When `take` will have something again; undefined: only an answer or a new request changes that. */
  wakeAt(now: number): number | undefined {
    return now < this.pausedUntil && this.size > 0 ? this.pausedUntil : undefined
  }

  /** @throws Chat4AllError BUSY when it is full. */
  add(request: Request): void {
    const { requestsMax, bytesMax } = this.limits
    if (this.size >= requestsMax || this.bytes + request.size > bytesMax) {
      throw new Chat4AllError(
        'BUSY',
        `${this.size} messages (${this.bytes} bytes) wait to be sent: the outbox is full.`,
      )
    }
    this.waiting.push(request)
    this.bytes += request.size
  }

  /** Puts back what an earlier run left behind, before everything else. Bounds do not apply: it was taken once. */
  restore(requests: readonly Request[]): void {
    this.waiting = [...requests, ...this.waiting.slice(this.from)]
    this.from = 0
    for (const request of requests) this.bytes += request.size
  }

  /** Everything that is unanswered, in order. */
  all(): Request[] {
    return [...this.inFlight.values(), ...this.waiting.slice(this.from)]
  }

  /** The session ended: in the next one numbers start at 1, and everything unanswered is sent again under new ones. */
  closed(): void {
    const again = [...this.inFlight.values()]
    for (const request of again) request.inFlight = false
    this.waiting = [...again, ...this.waiting.slice(this.from)]
    this.from = 0
    this.inFlight.clear()
    this.inFlightBytes = 0
    this.assigned = 0
    this.next = 1
    this.pausedUntil = 0
  }

  /** The next frame to send, if one may be sent now. */
  take(now: number): NumberedFrame | undefined {
    if (now < this.pausedUntil) return undefined
    if (this.next <= this.assigned) return this.frame(this.inFlight.get(this.next)!, this.next++)
    const request = this.waiting[this.from]
    if (request === undefined || !this.hasRoomFor(request)) return undefined
    this.from++
    if (this.from > 1024 && this.from * 2 > this.waiting.length) {
      this.waiting = this.waiting.slice(this.from)
      this.from = 0
    }
    this.assigned = this.next++
    this.inFlight.set(this.assigned, request)
    this.inFlightBytes += request.size
    request.inFlight = true
    return this.frame(request, this.assigned)
  }

  private hasRoomFor(request: Request): boolean {
    const { inFlightMax, inFlightBytesMax } = this.limits
    if (this.inFlight.size === 0) return true
    return this.inFlight.size < inFlightMax && this.inFlightBytes + request.size <= inFlightBytesMax
  }

  private frame(request: Request, cseq: number): NumberedFrame {
    return request.frame(cseq as Cseq)
  }

  /** The request on its way under this number, which stays. */
  get(cseq: number): Request | undefined {
    return this.inFlight.get(cseq)
  }

  /** Takes out the answered request; undefined when none has this number: an answer that came twice. */
  answered(cseq: number): Request | undefined {
    const request = this.inFlight.get(cseq)
    if (request === undefined) return undefined
    this.inFlight.delete(cseq)
    this.inFlightBytes -= request.size
    this.bytes -= request.size
    return request
  }

  /**
   * The server took nothing from `cseq` on: after `until` the same frames follow again under the same numbers.
   * False when one of them has been answered all the same: then only a new session puts the numbers right.
   */
  goBack(cseq: number, until: number): boolean {
    for (let n = cseq; n < this.next; n++) {
      if (!this.inFlight.has(n)) return false
    }
    if (cseq < this.next) this.next = Math.max(1, cseq)
    this.pausedUntil = Math.max(this.pausedUntil, until)
    return true
  }

  /** The server could not say what became of the request: it is sent again, before all that is not sent yet. */
  again(cseq: number, until: number): void {
    const request = this.inFlight.get(cseq)!
    this.inFlight.delete(cseq)
    this.inFlightBytes -= request.size
    request.inFlight = false
    this.waiting = [request, ...this.waiting.slice(this.from)]
    this.from = 0
    this.pausedUntil = Math.max(this.pausedUntil, until)
  }

  /** Takes out what `which` names, unless it is on its way. */
  withdraw(which: (request: Request) => boolean): Request[] {
    const taken: Request[] = []
    this.waiting = this.waiting.slice(this.from).filter((request) => {
      if (!which(request)) return true
      taken.push(request)
      this.bytes -= request.size
      return false
    })
    this.from = 0
    return taken
  }
}
