import {
  type EdgeLinkFrame,
  type Epoch,
  errorCodeOfWire,
  type Millis,
  type NodeId,
  type NodeLinkFrame,
  type RequestFrame,
  SLOTS,
  type Slot,
  slotOf,
} from '@chat4all/protocol'
import type { EdgeConfig } from './config.js'
import { Routes } from './routes.js'
import type { EdgeRules } from './rules.js'
import { Outgoing, type PipelineHost, Request, type RequestOwner, SlotPipeline } from './slot-pipeline.js'
import type { EdgeEvents, EdgeWorld } from './world.js'

/** A request less its place in the pipeline, which is filled in here. */
export type Asked<Frame extends RequestFrame> = Frame extends RequestFrame
  ? Omit<Frame, 'slot' | 'attempt' | 'n'>
  : never

/** The pipelines of all slots, and the links that they share. */
export class Pipelines implements PipelineHost {
  readonly rules: EdgeRules
  readonly routes = new Routes()
  /** Nodes with an open link, in the order in which they were linked. */
  linked: readonly NodeId[] = []
  /** Called when subscriptions at the owner of a slot have to be made again. */
  onSubscriptionsLost: (slot: Slot) => void = () => {}
  /** Called when a node denies owning a slot: owners are moving. */
  onNotOwner: () => void = () => {}
  private readonly config: EdgeConfig
  private readonly world: EdgeWorld
  private readonly events: EdgeEvents
  private readonly pipelines: (SlotPipeline | undefined)[] = new Array(SLOTS).fill(undefined)
  private readonly links = new Map<NodeId, Outgoing>()
  private readonly paused = new Set<SlotPipeline>()
  private dirty: Outgoing[] = []
  private unansweredBytes = 0
  private unanswered = 0

  constructor(config: EdgeConfig, rules: EdgeRules, world: EdgeWorld, events: EdgeEvents) {
    this.config = config
    this.rules = rules
    this.world = world
    this.events = events
  }

  /** Requests that are on their way. */
  get unansweredCount(): number {
    return this.unanswered
  }

  /**
   * Sends a request to the owner of its conversation, now or when it can be reached.
   * Undefined: the pipeline is full, nothing happened. The edge's own requests (`unbounded`), of which there are few
   * per conversation, are always taken.
   */
  submit(
    frame: Asked<RequestFrame>,
    owner: RequestOwner,
    tag: number,
    now: Millis,
    unbounded = false,
  ): Request | undefined {
    const pipeline = this.pipeline(slotOf(frame.conversation))
    const request = new Request(frame as RequestFrame, owner, tag, now)
    const { config } = this
    const full =
      pipeline.bytes + request.bytes > config.pipelineBytesMax ||
      this.unansweredBytes + request.bytes > config.unansweredBytesMax
    if (full && !unbounded) return undefined
    this.unansweredBytes += request.bytes
    this.unanswered++
    pipeline.submit(request, now)
    return request
  }

  /** The caller waits no longer: what was sent may yet happen, and is answered to nobody. */
  abandon(request: Request): void {
    this.pipeline(request.frame.slot).abandon(request)
  }

  private pipeline(slot: Slot): SlotPipeline {
    let pipeline = this.pipelines[slot]
    if (pipeline === undefined) {
      pipeline = new SlotPipeline(slot, this)
      this.pipelines[slot] = pipeline
    }
    return pipeline
  }

  /** A frame outside of the pipelines, to where the slot's requests go now. Lost when that is nowhere. */
  tell(slot: Slot, frame: EdgeLinkFrame): void {
    const to = this.pipelines[slot]?.to
    if (to !== undefined) this.enqueue(to, frame)
  }

  /** A frame outside of the pipelines, to a node. Lost when it is not linked. */
  tellNode(node: NodeId, frame: EdgeLinkFrame): void {
    const to = this.links.get(node)
    if (to !== undefined) this.enqueue(to, frame)
  }

  /** True for the frames that answer requests. */
  frame(by: NodeId, frame: NodeLinkFrame, now: Millis): boolean {
    switch (frame.t) {
      case 'acks':
        this.pipelines[frame.slot]?.acked(frame.items)
        return true
      case 'reply':
        this.pipelines[frame.slot]?.replied(frame.attempt, frame.n, frame.answer)
        return true
      case 'refuse':
        this.pipelines[frame.slot]?.refused(frame.attempt, frame.n, errorCodeOfWire(frame.code), frame.detail)
        return true
      case 'bounce':
        this.events.bounced(frame.reason)
        if (frame.reason === 'not_owner') {
          this.routes.correct(frame.slot, by, frame.owner, frame.epoch as Epoch | undefined)
          this.onNotOwner()
        }
        this.pipelines[frame.slot]?.bounced(frame, by, now)
        return true
      default:
        return false
    }
  }

  linkOpened(node: NodeId, now: Millis): void {
    this.links.set(node, new Outgoing(node))
    this.linked = [...this.links.keys()]
    for (const pipeline of [...this.paused]) if (pipeline.waitsForLink) this.resume(pipeline, now)
  }

  linkClosed(node: NodeId, now: Millis): void {
    const gone = this.links.get(node)
    if (gone === undefined) return
    this.links.delete(node)
    this.linked = [...this.links.keys()]
    gone.frames = []
    this.dirty = this.dirty.filter((outgoing) => outgoing !== gone)
    for (const pipeline of this.pipelines) pipeline?.linkClosed(gone, now)
  }

  /** Somebody says that these slots are theirs now: what waits for an owner to be found need not wait longer. */
  ownersHeardOf(slots: readonly Slot[], now: Millis): void {
    if (this.paused.size === 0) return
    for (const slot of slots) {
      const pipeline = this.pipelines[slot]
      if (pipeline === undefined || !this.paused.has(pipeline)) continue
      pipeline.ownerHeardOf()
      this.resume(pipeline, now)
    }
  }

  /** Goes on where a pause is over. */
  tick(now: Millis): void {
    if (this.paused.size === 0) return
    for (const pipeline of [...this.paused]) if (pipeline.resumeAt <= now) this.resume(pipeline, now)
  }

  private resume(pipeline: SlotPipeline, now: Millis): void {
    this.paused.delete(pipeline)
    pipeline.resume(now)
  }

  /** Hands what was gathered to the links. */
  flush(): void {
    if (this.dirty.length === 0) return
    const { dirty } = this
    this.dirty = []
    for (const outgoing of dirty) {
      const { frames } = outgoing
      outgoing.frames = []
      this.world.send(outgoing.node, frames)
    }
  }

  // --- for the pipelines ---------------------------------------------------------------------------------------------

  outgoing(slot: Slot, tries: number): Outgoing | undefined {
    const node = this.routes.target(slot, tries, this.linked)
    return node === undefined ? undefined : this.links.get(node)
  }

  enqueue(outgoing: Outgoing, frame: EdgeLinkFrame): void {
    if (outgoing.frames.push(frame) === 1) this.dirty.push(outgoing)
  }

  pause(pipeline: SlotPipeline): void {
    this.paused.add(pipeline)
  }

  backoffMs(failures: number): number {
    const { backoffMsMin, backoffMsMax } = this.config
    const ceiling = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures, 20))
    return Math.ceil(ceiling * (0.5 + this.world.random() / 2))
  }

  subscriptionsLost(slot: Slot): void {
    this.onSubscriptionsLost(slot)
  }

  answered(request: Request): void {
    this.unansweredBytes -= request.bytes
    this.unanswered--
  }
}
