import {
  Chat4AllError,
  CLIENT_FRAMES,
  type ClientFrame,
  type ErrorCode,
  frameCodec,
  HELLO_BYTES_MAX,
  type Millis,
  type NodeId,
  type NodeLinkFrame,
  type RequestFrame,
  type Slot,
} from '@chat4all/protocol'
import type { Allowance, Portion } from './allowance.js'
import { checkConfig, EDGE_DEFAULTS, type EdgeConfig } from './config.js'
import type { EdgeContext } from './edge-context.js'
import { type EnumerationOwner, Enumerations } from './enumerations.js'
import { Feeds } from './feeds.js'
import { type LocalUser, LocalUsers } from './local-user.js'
import { type Asked, Pipelines } from './pipelines.js'
import { RangeReads } from './range-reads.js'
import { Reconciler } from './reconciler.js'
import { ALL_RULES, type EdgeRules } from './rules.js'
import { Session, type Verified } from './session.js'
import type { Request, RequestOwner } from './slot-pipeline.js'
import type { ClientSocket, EdgeEvents, EdgeWorld } from './world.js'

const SWEEP_MS = 1_000
const codec = frameCodec(CLIENT_FRAMES)

/**
 * One edge without I/O. Events come in by method, each with its time; what is to be done goes out through `EdgeWorld`
 * and `ClientSocket`. None of the methods may be called from within those. After each batch of events the driver calls
 * `flush`, and `tick` every few tens of milliseconds.
 */
export class EdgeCore implements EdgeContext {
  readonly config: EdgeConfig
  readonly rules: EdgeRules
  readonly world: EdgeWorld
  readonly events: EdgeEvents
  readonly pipelines: Pipelines
  readonly ranges: RangeReads
  readonly feeds: Feeds
  readonly enumerations: Enumerations
  private time = 0 as Millis
  private readonly users = new LocalUsers()
  private readonly sessions = new Set<Session>()
  private readonly reconciler: Reconciler
  private readonly arrivals = new Map<number, LocalUser>()
  private nextArrival = 1
  private sweptAt = 0
  private draining = false
  private readonly receive = (frame: ClientFrame): void => {
    this.framesOfMessage++
    this.receiving!.receive(frame, this.bytesOfMessage)
    this.bytesOfMessage = 0
  }
  private receiving: Session | undefined
  private framesOfMessage = 0
  private bytesOfMessage = 0

  constructor(world: EdgeWorld, events: EdgeEvents, config: Partial<EdgeConfig> = {}, rules: EdgeRules = ALL_RULES) {
    this.world = world
    this.events = events
    this.config = { ...EDGE_DEFAULTS, ...config }
    checkConfig(this.config)
    this.rules = rules
    this.pipelines = new Pipelines(this.config, rules, world, events)
    this.ranges = new RangeReads(this.config, this.pipelines, events)
    this.enumerations = new Enumerations(this.config, this.pipelines)
    this.feeds = new Feeds(this, this.users)
    this.reconciler = new Reconciler(this, this.users, (user) => this.arrive(user))
    this.pipelines.onSubscriptionsLost = (slot) => this.feeds.subscribeAgain(slot)
    this.pipelines.onNotOwner = () => this.ownersMoved()
  }

  get now(): Millis {
    return this.time
  }

  /** What this edge holds, for metrics. */
  get holds(): {
    readonly sessions: number
    readonly users: number
    readonly conversations: number
    readonly unanswered: number
  } {
    return {
      sessions: this.sessions.size,
      users: this.users.size,
      conversations: this.feeds.size,
      unanswered: this.pipelines.unansweredCount,
    }
  }

  private at(now: Millis): void {
    this.time = now
    this.ranges.now = now
  }

  // --- shard-nodes ---------------------------------------------------------------------------------------------------

  linkOpened(node: NodeId, now: Millis): void {
    this.at(now)
    this.events.linkOpened(node)
    this.pipelines.linkOpened(node, now)
    this.enumerations.linkOpened(node, now)
  }

  linkClosed(node: NodeId, now: Millis): void {
    this.at(now)
    this.events.linkClosed(node)
    this.pipelines.linkClosed(node, now)
    this.enumerations.linkClosed(node, now)
  }

  /** Frames of a linked node, in order. */
  frames(node: NodeId, frames: readonly NodeLinkFrame[], now: Millis): void {
    this.at(now)
    for (let i = 0; i < frames.length; i++) {
      const frame = frames[i]!
      if (this.feeds.frame(frame) || this.pipelines.frame(node, frame, now)) continue
      if (frame.t === 'enumerated') this.enumerations.frame(node, frame)
    }
  }

  /** The nodes that look healthy, and by slot the owners that the ring desires. */
  membersChanged(members: readonly NodeId[], desired: readonly (NodeId | undefined)[], now: Millis): void {
    this.at(now)
    this.pipelines.routes.desire(desired)
    this.enumerations.membersChanged(members, now)
  }

  /** The owners last heard of. */
  hintsChanged(owners: ReadonlyMap<Slot, NodeId>, now: Millis): void {
    this.at(now)
    const moved = this.pipelines.routes.hint(owners)
    if (moved.length === 0) return
    this.ownersMoved()
    this.pipelines.ownersHeardOf(moved, now)
  }

  private ownersMoved(): void {
    this.enumerations.changedAt = this.time
  }

  // --- clients -------------------------------------------------------------------------------------------------------

  sessionOpened(socket: ClientSocket, now: Millis): Session {
    this.at(now)
    const session = new Session(this, socket)
    this.sessions.add(session)
    this.events.sessionOpened()
    if (this.draining) session.shut('DRAINING', false)
    return session
  }

  /** One WebSocket message: one or more frames. The bytes are the core's from now on. */
  received(session: Session, bytes: Uint8Array, now: Millis): void {
    if (session.closed) return
    this.at(now)
    session.heardAt = now
    if (bytes.length > HELLO_BYTES_MAX) return this.tooLarge(session)
    this.receiving = session
    this.framesOfMessage = 0
    this.bytesOfMessage = bytes.length
    try {
      if (session.fits(bytes)) codec.decodeAll(bytes, this.receive)
    } catch (error) {
      if (!(error instanceof Chat4AllError)) throw error
      session.fail(error.code, error.detail)
    }
    this.events.framesIn(this.framesOfMessage)
  }

  /** A message came that is over every bound. */
  tooLarge(session: Session): void {
    session.fail('FRAME_TOO_LARGE', `a message over ${HELLO_BYTES_MAX} bytes`)
  }

  /** A text message came: frames are binary. */
  receivedText(session: Session, now: Millis): void {
    this.at(now)
    session.fail('MALFORMED_FRAME', 'a text message; frames are binary messages')
  }

  verified(session: Session, { app, user: id, expires }: Verified, now: Millis): void {
    this.at(now)
    if (session.state !== 'authenticating') return
    const user = this.users.enter(app, id)
    session.verified(user, expires)
    user.sessions = [...user.sessions, session]
    if (user.arrived) session.welcome()
    else if (user.sessions.length === 1) this.arrive(user)
  }

  notVerified(session: Session, code: ErrorCode, detail: string, now: Millis): void {
    this.at(now)
    if (session.state === 'authenticating') session.fail(code, detail)
  }

  private arrive(user: LocalUser): void {
    const token = this.nextArrival++
    this.arrivals.set(token, user)
    this.world.arrive(user.app, user.id, token)
  }

  /** Presence knows that the user is here; or could not be told (not `ok`), which only delays news. */
  arrived(token: number, ok: boolean, now: Millis): void {
    this.at(now)
    const user = this.arrivals.get(token)
    this.arrivals.delete(token)
    if (user === undefined || user.sessions.length === 0) return
    user.arrived = true
    user.present = ok
    if (!ok) this.reconcile(user)
    for (const session of user.sessions) session.welcome()
  }

  /** The answer to `askPortion`. */
  portioned(allowance: Allowance, portion: Portion, now: Millis): void {
    this.at(now)
    const points = allowance.answered(portion, now)
    if (points > 0) this.world.askPortion(allowance, points)
  }

  /** The socket has room again, or has taken everything that was written in a turn. */
  drained(session: Session, now: Millis): void {
    this.at(now)
    session.drained()
  }

  sessionClosed(session: Session, code: number, now: Millis): void {
    if (!this.sessions.delete(session)) return
    this.at(now)
    session.state = 'closed'
    this.events.sessionClosed(code)
    for (const catchUp of [...(session.catchUps ?? [])]) catchUp.feed.abandon(catchUp)
    const { user } = session
    if (user === undefined) return
    user.sessions = user.sessions.filter((other) => other !== session)
    if (user.sessions.length > 0) return this.feeds.leave(user, session)
    this.feeds.leave(user, session)
    this.feeds.leaveAll(user)
    this.users.leave(user)
    this.world.leave(user.app, user.id)
  }

  reconcile(user: LocalUser): void {
    this.reconciler.schedule(user)
  }

  // --- callers without a session ---------------------------------------------------------------------------------------

  /** A request of REST; undefined: BUSY. */
  submit(frame: Asked<RequestFrame>, owner: RequestOwner, now: Millis): Request | undefined {
    this.at(now)
    return this.pipelines.submit(frame, owner, 0, now)
  }

  abandon(request: Request): void {
    this.pipelines.abandon(request)
  }

  /** @param left also the conversations that the user has left */
  enumerate(user: Pick<LocalUser, 'app' | 'id'>, owner: EnumerationOwner, now: Millis, left = false): void {
    this.at(now)
    this.enumerations.start(user.app, user.id, owner, now, left)
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  tick(now: Millis): void {
    this.at(now)
    this.pipelines.tick(now)
    this.ranges.tick(now)
    this.enumerations.tick(now)
    if (this.draining) this.drainDue()
    if (now - this.sweptAt < SWEEP_MS) return
    this.sweptAt = now
    this.sweep()
    this.reconciler.tick()
  }

  private sweep(): void {
    const { now, config } = this
    for (const session of this.sessions) {
      if (session.closed) continue
      if (session.state !== 'open') {
        // Verification that hangs is our fault, silence is the client's.
        if (session.state === 'awaiting-hello' && now - session.openedAt >= config.helloMs) {
          session.fail('HELLO_EXPECTED', `no hello within ${config.helloMs} ms`)
        } else if (now - session.openedAt >= 2 * config.helloMs) session.fail('INTERNAL', 'verifying took too long')
      } else if (now >= session.expires) session.fail('TOKEN_EXPIRED')
      else if (now - session.heardAt > config.heartbeatMs) session.fail('IDLE_TIMEOUT')
      else if (now - session.openedAt >= config.readyMs) session.readyAnyway()
    }
  }

  /** Hands the frames of this turn to the links. */
  flush(): void {
    this.pipelines.flush()
  }

  // --- going away ------------------------------------------------------------------------------------------------------

  /** Sends all sessions away, spread over `drainMs`, each with a time to wait. */
  drain(now: Millis): void {
    this.at(now)
    if (this.draining) return
    this.draining = true
    for (const session of this.sessions) session.drainAt = now + this.world.random() * this.config.drainMs
  }

  /** All sessions are gone after `drain`. */
  get drainedAll(): boolean {
    return this.draining && this.sessions.size === 0
  }

  /** Ends every session now. */
  closeAll(now: Millis): void {
    this.at(now)
    this.draining = true
    for (const session of this.sessions) session.shut('DRAINING', false)
  }

  private drainDue(): void {
    const { now, config, world } = this
    for (const session of this.sessions) {
      if (session.closed || now < session.drainAt) continue
      if (session.state !== 'open') session.shut('DRAINING', false)
      else if (!session.sentAway) {
        session.sendAway(Math.floor(world.random() * config.reconnectDelayMsMax))
        session.drainAt = now
      }
      if (session.settled || now - session.drainAt >= config.drainGraceMs) session.shut('DRAINING', false)
    }
  }
}
