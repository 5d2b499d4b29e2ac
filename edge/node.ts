import type { TemplatedApp } from 'uWebSockets.js'
import {
  Chat4AllError,
  CLIENT_FRAMES,
  type EdgeId,
  frameCodec,
  HELLO_CURSORS_MAX,
  type Millis,
  PROTOCOL_VERSION,
  SOCKET_PATH,
  Writer,
} from '@chat4all/protocol'
import { desiredOwners, type LinkDialer, type Members } from '@chat4all/router'
import type { Presence } from '@chat4all/storage'
import type { Authenticator } from './auth/port.js'
import { sha256Text } from './conversation-id.js'
import { type ClientSocket, type EdgeConfig, EdgeCore, type EdgeWorld, type Session } from './core/index.js'
import type { EdgeNodeEvents } from './events.js'
import type { Requests } from './requests.js'
import { RequestsOverPipelines } from './requests-over-pipelines.js'
import type { SendLimits } from './send-limits.js'
import type { OpenSession, Sessions, SessionUser } from './sessions.js'
import { NodeLinks } from './ws/node-links.js'
import { Outbox } from './ws/outbox.js'
import { PresenceWrites } from './ws/presence-writes.js'
import { attachSocketRoute } from './ws/socket-route.js'

const TICK_MS = 25
/** How long a client that is sent away may take to take the last frames. */
const ENDING_MS = 2_000
const REDIAL_MS_MIN = 50
const REDIAL_MS_MAX = 2_000
const REQUEST_DEADLINE_MS = 5_000

export interface EdgeOptions {
  readonly edge: EdgeId
  readonly dialer: LinkDialer
  readonly members: Members
  readonly presence: Presence
  /** As EdgeWorld has it. Undefined: files are not looked after here. */
  readonly mayPostFile?: EdgeWorld['mayPostFile']
  /** Counts what users and apps send over sessions; undefined: nobody does. */
  readonly sendLimits?: SendLimits
  readonly authenticator: Authenticator
  readonly events: EdgeNodeEvents
  readonly config?: Partial<EdgeConfig>
  /** After so long, a request of REST is answered UNAVAILABLE. */
  readonly requestDeadlineMs?: number
  readonly path?: string
  readonly now?: () => number
  readonly random?: () => number
}

export interface Edge {
  readonly edge: EdgeId
  /** The way to the owners, for REST. */
  readonly requests: Requests
  /** The way in for sessions without a WebSocket. */
  readonly opensSessions: Sessions
  /** Shard-nodes linked now: an edge with none is not ready. */
  readonly linked: number
  readonly sessions: number
  /** Puts the clients' WebSocket on an app, before that listens; on as many as there are. */
  attach(app: TemplatedApp): void
  /** Takes no more clients and sends those that are here away, spread over `drainMs`. Resolves when all are gone. */
  drain(): Promise<void>
  /** Closes what is left, and the links. The app is closed by whoever made it. */
  close(): Promise<void>
}

/** WebSocket's code for a connection that was simply gone. */
const GONE = 1006
const helloCodec = frameCodec(CLIENT_FRAMES)
const helloWriter = new Writer()

/** Starts an edge: the core, and the I/O that it asks for. */
export function startEdge(options: EdgeOptions): Edge {
  return new EdgeNode(options)
}

class EdgeNode implements Edge {
  readonly edge: EdgeId
  readonly requests: RequestsOverPipelines
  private readonly core: EdgeCore
  private readonly outbox: Outbox
  private readonly links: NodeLinks
  private readonly presence: PresenceWrites
  private readonly options: EdgeOptions
  private readonly now: () => Millis
  private readonly ticker: NodeJS.Timeout
  private readonly unwatch: readonly (() => void)[]
  private readonly admitted = new WeakMap<Session, SessionUser>()
  private readonly whenDrained: (() => void)[] = []
  private draining = false
  private closed = false
  private readonly afterInput = (): void => this.core.flush()

  constructor(options: EdgeOptions) {
    this.options = options
    this.edge = options.edge
    this.now = (options.now ?? steadyClock()) as () => Millis
    const random = options.random ?? Math.random
    this.presence = new PresenceWrites(options.presence, options.edge)
    this.core = new EdgeCore(this.world(random), options.events, options.config)
    this.outbox = new Outbox(ENDING_MS, this.core.config.catchUpBytesLow, this.now, (session) => {
      this.core.drained(session, this.now())
      this.core.flush()
    })
    this.links = new NodeLinks({
      dialer: options.dialer,
      redialMsMin: REDIAL_MS_MIN,
      redialMsMax: REDIAL_MS_MAX,
      random,
      handler: {
        opened: (node) => {
          this.core.linkOpened(node, this.now())
          this.core.flush()
        },
        frames: (node, frames) => {
          this.core.frames(node, frames, this.now())
          this.core.flush()
          // What came together is a turn's worth: clients get it now, not a round of the event loop later.
          this.outbox.flush()
        },
        closed: (node, reason) => {
          options.events.linkLost(node, reason)
          this.core.linkClosed(node, this.now())
          this.core.flush()
        },
        unreachable: (node, reason) => options.events.nodeUnreachable(node, reason),
      },
    })
    this.requests = new RequestsOverPipelines(
      this.core,
      options.requestDeadlineMs ?? REQUEST_DEADLINE_MS,
      this.now,
      this.afterInput,
    )
    this.unwatch = [
      options.members.watch((members) => {
        const nodes = members.map(({ node }) => node)
        this.core.membersChanged(nodes, desiredOwners(members), this.now())
        this.links.membersChanged(members)
        this.core.flush()
      }),
      options.members.watchHints((owners) => {
        this.core.hintsChanged(owners, this.now())
        this.core.flush()
      }),
    ]
    this.ticker = setInterval(() => this.tick(), TICK_MS)
  }

  attach(app: TemplatedApp): void {
    attachSocketRoute(app, this.core, this.outbox, {
      path: this.options.path ?? SOCKET_PATH,
      accepts: () => !this.draining && !this.closed,
      now: this.now,
      // What may wait for a session, and as much again for its last frames: pings alone get beyond it.
      pongBytesMax: 2 * this.core.config.socketBytesMax,
      afterInput: this.afterInput,
    })
  }

  private world(random: () => number): EdgeWorld {
    return {
      send: (node, frames) => this.links.send(node, frames),
      verify: (session, token) => void this.verify(session, token),
      arrive: (app, user, token) => {
        void this.presence.arrive(app, user).then((ok) => {
          this.core.arrived(token, ok, this.now())
          this.core.flush()
        })
      },
      leave: (app, user) => void this.presence.leave(app, user),
      mayPostFile: this.options.mayPostFile ?? (() => true),
      askPortion: (allowance, points) => {
        void this.options.sendLimits?.portion(allowance, points).then((portion) => {
          this.core.portioned(allowance, portion, this.now())
        })
      },
      hash: sha256Text,
      random,
    }
  }

  readonly opensSessions: Sessions = {
    open: (socket, as, cursors) => (this.draining || this.closed ? undefined : this.openSession(socket, as, cursors)),
  }

  private openSession(socket: ClientSocket, as: SessionUser, cursors: Parameters<Sessions['open']>[2]): OpenSession {
    const session = this.core.sessionOpened(socket, this.now())
    this.admitted.set(session, as)
    helloCodec.encode(helloWriter, {
      t: 'hello',
      version_min: PROTOCOL_VERSION,
      version_max: PROTOCOL_VERSION,
      token: '',
      cursors: Array.from(cursors, ([conversation, seq]) => ({ conversation, seq })).slice(0, HELLO_CURSORS_MAX),
    })
    this.core.received(session, helloWriter.take(), this.now())
    this.core.flush()
    return {
      heard: () => {
        session.heardAt = this.now()
      },
      drained: () => {
        this.core.drained(session, this.now())
        this.core.flush()
      },
      closed: () => {
        this.core.sessionClosed(session, GONE, this.now())
        this.core.flush()
      },
    }
  }

  /** Whose token was looked at before it came here. */
  private admit(session: Session, { app, user, expires }: SessionUser): void {
    // Never from within the core's call.
    queueMicrotask(() => {
      this.core.verified(session, { app, user, expires }, this.now())
      this.core.flush()
    })
  }

  private async verify(session: Session, token: string): Promise<void> {
    const admitted = this.admitted.get(session)
    if (admitted !== undefined) return this.admit(session, admitted)
    const verified = await this.options.authenticator.verify(token).catch((error: unknown) => this.fault(error))
    const now = this.now()
    if (verified instanceof Chat4AllError) this.core.notVerified(session, verified.code, verified.detail, now)
    else if (verified.user === undefined) {
      this.core.notVerified(session, 'UNAUTHENTICATED', 'a session needs a token of one user, not a service token', now)
    } else this.core.verified(session, { app: verified.app, user: verified.user, expires: verified.expires }, now)
    this.core.flush()
  }

  private fault(error: unknown): Chat4AllError {
    if (error instanceof Chat4AllError) return error
    this.options.events.authenticatorFailed(error)
    return new Chat4AllError('INTERNAL', 'the token could not be verified')
  }

  private tick(): void {
    this.core.tick(this.now())
    this.requests.tick()
    this.core.flush()
    this.outbox.sweep()
    this.options.events.holds(this.core.holds)
    if (this.core.drainedAll) for (const resolve of this.whenDrained.splice(0)) resolve()
  }

  get linked(): number {
    return this.core.pipelines.linked.length
  }

  get sessions(): number {
    return this.core.holds.sessions
  }

  drain(): Promise<void> {
    if (!this.draining) {
      this.draining = true
      this.options.events.draining(this.sessions)
      this.core.drain(this.now())
    }
    if (this.core.drainedAll) return Promise.resolve()
    return new Promise((resolve) => this.whenDrained.push(resolve))
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    clearInterval(this.ticker)
    for (const stop of this.unwatch) stop()
    this.core.closeAll(this.now())
    this.outbox.flush()
    for (const connection of [...this.outbox.endings]) connection.cutIfOverdue(Number.POSITIVE_INFINITY)
    await this.presence.idle()
    await this.links.close()
    this.options.events.stopped()
  }
}

/** The time of day at the start, and from there a clock that nobody sets: every pause and bound of the core relies on it. */
function steadyClock(): () => number {
  const startedAt = Date.now() - performance.now()
  return () => Math.floor(startedAt + performance.now())
}
