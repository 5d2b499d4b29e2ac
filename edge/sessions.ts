import type { AppId, ConversationId, Seq, UserId } from '@chat4all/protocol'
import type { ClientSocket } from './core/index.js'

/**
 * The way into the edge's core for sessions whose frames do not leave over a WebSocket (server-sent events, long
 * polling): the same sessions, so that order, resume, catching up and slow consumers follow the same rules.
 */
export interface Sessions {
  /**
   * Opens a session of a user whose token was verified already. `socket` gets what a WebSocket would: whole frames.
   * Undefined: this edge is going away, another one should be asked.
   */
  open(socket: ClientSocket, as: SessionUser, cursors: ReadonlyMap<ConversationId, Seq>): OpenSession | undefined
}

export interface SessionUser {
  readonly app: AppId
  readonly user: UserId
  /** When its token ends, milliseconds since 1970. */
  readonly expires: number
}

export interface OpenSession {
  /** The client is there still: call it more often than the heartbeat that sessions are closed for. */
  heard(): void
  /** The socket has room again. */
  drained(): void
  /** The connection is gone. */
  closed(): void
}
