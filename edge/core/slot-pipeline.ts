import type { Answer, EdgeLinkFrame, ErrorCode, Millis, NodeId, RequestFrame, Seq, Slot } from '@chat4all/protocol'
import type { EdgeRules } from './rules.js'

/**
 * Go-back-N towards the owner of one slot. Requests are numbered n = 1, 2, 3 … and sent in that order; after a bounce
 * or a lost link, all that are unanswered are sent again in that order under the next attempt. The owner drops what is
 * left of an attempt that it bounced. Together: whatever is lost or bounced on the way, an owner takes the requests of
 * a session in the order in which the session sent them (invariant 8).
 *
 * An attempt goes to one node from its beginning to its end: a better guess of the owner is used by the next attempt
 * only, or two requests could overtake each other on two links.
 */

/** Who hears what became of a request. Exactly one of the three is called, once, unless the request was abandoned. */
export interface RequestOwner {
  /** A post or change is committed. */
  acked(request: Request, seq: Seq, time: Millis): void
  replied(request: Request, answer: Answer): void
  refused(request: Request, code: ErrorCode, detail: string): void
}

/** Nobody waits for the answer. */
export const NOBODY: RequestOwner = { acked() {}, replied() {}, refused() {} }

export class Request {
  frame: RequestFrame
  owner: RequestOwner
  /** Whatever the owner needs to know it again: a cseq, say. */
  readonly tag: number
  readonly bytes: number
  readonly askedAt: Millis
  sent = false
  answered = false

  constructor(frame: RequestFrame, owner: RequestOwner, tag: number, askedAt: Millis) {
    this.frame = frame
    this.owner = owner
    this.tag = tag
    this.bytes = bytesOf(frame)
    this.askedAt = askedAt
  }
}

const FRAME_BYTES = 128
/** An estimate of what a request holds in memory. */
function bytesOf(frame: RequestFrame): number {
  switch (frame.t) {
    case 'post':
      return FRAME_BYTES + frame.payload.length + (frame.extras?.length ?? 0)
    case 'change':
      return (
        FRAME_BYTES +
        32 * (frame.add.length + frame.remove.length + (frame.promote?.length ?? 0) + (frame.demote?.length ?? 0))
      )
    case 'open':
      return FRAME_BYTES + 32 * frame.members.length
    default:
      return FRAME_BYTES
  }
}

/** Frames to one node, gathered until the end of the turn. */
export class Outgoing {
  readonly node: NodeId
  frames: EdgeLinkFrame[] = []

  constructor(node: NodeId) {
    this.node = node
  }
}

/** What a pipeline needs of those around it. */
export interface PipelineHost {
  readonly rules: EdgeRules
  /** The way to the node to try next, if it is linked; `tries` have been made since somebody named the owner. */
  outgoing(slot: Slot, tries: number): Outgoing | undefined
  enqueue(outgoing: Outgoing, frame: EdgeLinkFrame): void
  /** Puts the pipeline among those that `resume` is called on when their time has come. */
  pause(pipeline: SlotPipeline): void
  /** Milliseconds to wait after so many failures in a row. */
  backoffMs(failures: number): number
  /** An attempt begins at a node that may not know our subscriptions. */
  subscriptionsLost(slot: Slot): void
  answered(request: Request): void
}

/** This many bounces to another owner in a row are followed at once; then two nodes are taken to disagree. */
const REDIRECTS_AT_ONCE = 3
const COMPACT_AT = 64

export class SlotPipeline {
  readonly slot: Slot
  /** Where the current attempt goes; undefined: paused, or nothing to do. */
  to: Outgoing | undefined
  /** Unanswered bytes. */
  bytes = 0
  resumeAt = 0
  /** Waits for a link rather than for a time. */
  waitsForLink = false
  private readonly host: PipelineHost
  private attempt = 1
  private nextN = 1
  /** `requests[i]` has n = firstN + i; those before `start` are answered. */
  private requests: Request[] = []
  private start = 0
  private firstN = 1
  /** Bounces and lost links since the last answer: how long to pause. */
  private failures = 0
  /** The same since somebody named the owner: whom to ask. */
  private tries = 0
  private subscriptionsLost = false
  /** Where the last attempt went: the node that knows our subscriptions, if any does. */
  private lastNode: NodeId | undefined
  private paused = false

  constructor(slot: Slot, host: PipelineHost) {
    this.slot = slot
    this.host = host
  }

  get idle(): boolean {
    return this.start === this.requests.length
  }

  submit(request: Request, now: Millis): void {
    const { frame } = request
    frame.slot = this.slot
    frame.n = this.nextN++
    this.requests.push(request)
    this.bytes += request.bytes
    if (this.to !== undefined) this.send(request, this.to)
    else if (!this.paused) this.resume(now)
  }

  private send(request: Request, to: Outgoing): void {
    const { frame, sent } = request
    if (!sent) {
      frame.attempt = this.attempt
      request.sent = true
    } else {
      // The frame sent before belongs to its link: this is another one.
      request.frame = { ...frame, attempt: this.attempt }
    }
    this.host.enqueue(to, request.frame)
  }

  /** Posts and changes that are committed. That is true whatever the attempt. */
  acked(items: readonly { readonly n: number; readonly seq: Seq; readonly time: Millis }[]): void {
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!
      const request = this.take(item.n)
      if (request !== undefined) request.owner.acked(request, item.seq, item.time)
    }
  }

  replied(attempt: number, n: number, answer: Answer): void {
    if (attempt !== this.attempt) return
    const request = this.take(n)
    if (request !== undefined) request.owner.replied(request, answer)
  }

  refused(attempt: number, n: number, code: ErrorCode, detail: string): void {
    if (attempt !== this.attempt) return
    const request = this.take(n)
    if (request !== undefined) request.owner.refused(request, code, detail)
  }

  /** The unanswered request with this n, which is answered now. */
  private take(n: number): Request | undefined {
    const request = this.requests[n - this.firstN]
    if (request === undefined || request.answered) return undefined
    this.failures = 0
    this.tries = 0
    this.end(request)
    return request
  }

  private end(request: Request): void {
    request.answered = true
    this.bytes -= request.bytes
    this.host.answered(request)
    this.forgetAnswered()
  }

  private forgetAnswered(): void {
    const { requests } = this
    while (this.start < requests.length && requests[this.start]!.answered) this.start++
    if (this.start === requests.length) {
      this.firstN += requests.length
      this.requests = []
      this.start = 0
    } else if (this.start >= COMPACT_AT && this.start * 2 > requests.length) {
      this.firstN += this.start
      this.requests = requests.slice(this.start)
      this.start = 0
    }
  }

  /** The caller waits no longer. What was not sent yet never will be. */
  abandon(request: Request): void {
    request.owner = NOBODY
    if (!request.sent && !request.answered) this.end(request)
  }

  /** `by` took nothing of the current attempt from request n on. */
  bounced(
    bounce: {
      readonly attempt: number
      readonly n: number
      readonly reason: 'not_owner' | 'busy'
      readonly retry_after: number
    },
    by: NodeId,
    now: Millis,
  ): void {
    // Even of an attempt that is over, this tells that the node has forgotten our subscriptions.
    if (bounce.reason === 'not_owner' && by === this.lastNode) this.subscriptionsLost = true
    // Of an attempt that is over: its requests were sent again already.
    if (this.to === undefined || bounce.attempt !== this.attempt || this.to.node !== by) return
    if (!this.host.rules.goBackN) this.moveToEnd(bounce.n)
    const next = this.host.outgoing(this.slot, 0)
    const redirected = bounce.reason === 'not_owner' && next !== undefined && next.node !== by
    if (redirected || bounce.reason === 'busy') this.tries = -1
    const atOnce = redirected && this.failures < REDIRECTS_AT_ONCE
    this.restart(now, atOnce ? 0 : bounce.retry_after + this.host.backoffMs(this.failures))
  }

  /** A link is gone: of the current attempt, or of the last one while this pauses. */
  linkClosed(gone: Outgoing, now: Millis): void {
    // Also during a pause, after which the same node may be back that has forgotten us.
    if (gone.node === this.lastNode) this.subscriptionsLost = true
    if (this.to !== gone) return
    this.restart(now, this.host.backoffMs(this.failures))
  }

  private restart(now: Millis, delayMs: number): void {
    this.attempt++
    this.failures++
    this.tries++
    this.to = undefined
    if (delayMs === 0) this.resume(now)
    else this.pause(now + delayMs, false)
  }

  private pause(until: number, waitsForLink: boolean): void {
    this.paused = true
    this.resumeAt = until
    this.waitsForLink = waitsForLink
    this.host.pause(this)
  }

  /** The next attempt goes to the node that says that it owns the slot, and its failure would count as the first. */
  ownerHeardOf(): void {
    this.failures = Math.min(this.failures, 1)
    this.tries = 0
  }

  /** Sends everything that is unanswered, in order, to the node that is the best guess now. */
  resume(now: Millis): void {
    this.paused = false
    this.waitsForLink = false
    const to = this.host.outgoing(this.slot, this.tries)
    if (to === undefined) {
      this.failures++
      this.tries++
      this.pause(now + this.host.backoffMs(this.failures), true)
      return
    }
    this.to = to
    if (this.lastNode !== undefined && this.lastNode !== to.node) this.subscriptionsLost = true
    this.lastNode = to.node
    // An owner that has told us of a bounce tells no more until it hears from us: with nothing to send again, the
    // subscriptions are renewed instead.
    const lost = this.subscriptionsLost || (this.idle && this.failures > 0)
    this.subscriptionsLost = false
    const { requests } = this
    for (let i = this.start; i < requests.length; i++) {
      const request = requests[i]!
      if (!request.answered) this.send(request, to)
    }
    if (lost) this.host.subscriptionsLost(this.slot)
  }

  /** What happens without go-back-N: the bounced request is sent again behind those that followed it. */
  private moveToEnd(n: number): void {
    const request = this.requests[n - this.firstN]
    if (request === undefined || request.answered) return
    const moved = new Request({ ...request.frame, n: this.nextN++ }, request.owner, request.tag, request.askedAt)
    moved.sent = true
    this.requests.push(moved)
    request.answered = true
    this.forgetAnswered()
  }
}
