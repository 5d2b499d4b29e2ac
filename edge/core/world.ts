import type { AppId, ConversationId, EdgeLinkFrame, ErrorCode, NodeId, UserId } from '@chat4all/protocol'
import type { Allowance } from './allowance.js'
import type { Session } from './session.js'

/**
 * What the core asks of the world. A driver does it and tells the outcome through the method of EdgeCore named in the
 * comment, later and never from within the call; it may take any time.
 */
export interface EdgeWorld {
  /** Frames, in order, to the link of a node that is linked. They are the link's from now on. */
  send(node: NodeId, frames: EdgeLinkFrame[]): void
  /** Whom does the token speak for? → `verified` or `notVerified`. */
  verify(session: Session, token: string): void
  /**
   * The user has its first session here: Presence.arrive → `arrived` with the same token.
   * What `arrive` and `leave` do for one user takes effect in the order of the calls.
   */
  arrive(app: AppId, user: UserId, token: number): void
  /** The user's last session here is gone: Presence.leave. Nobody waits for it. */
  leave(app: AppId, user: UserId): void
  /**
   * Whether the user may post this file in the conversation; undefined: not known yet, it is being found out, and the
   * client is told to send the same again a moment later.
   */
  mayPostFile(app: AppId, user: UserId, conversation: ConversationId, file: string): boolean | undefined
  /**
   * Takes so many points of what a user or an app may send, where all edges take them → `portioned`. Nothing waits for it;
   * where nobody counts it need not be answered.
   */
  askPortion(allowance: Allowance, points: number): void
  /** At least 21 characters of A–Z, a–z, 0–9, _ and - that follow from the text alone (a cryptographic hash). */
  hash(text: string): string
  /** From 0 up to but not including 1. */
  random(): number
}

/** One client's connection as the core sees it. Neither method may call back into the core. */
export interface ClientSocket {
  /** Bytes written that the client's machine has not taken yet. */
  readonly bufferedBytes: number
  /** Appends a frame; all of one turn leave together. The bytes are not changed afterwards by either side. */
  write(bytes: Uint8Array): void
  /**
   * Ends the connection with a close code, behind what was written; with `discard`, what has not left yet is dropped.
   * The core writes nothing afterwards.
   */
  close(code: number, reason: string, discard: boolean): void
}

/** What happens in an edge, for log and metrics. Called on the hot path: an implementation counts and returns. */
export interface EdgeEvents {
  sessionOpened(): void
  /** `code`: of the WebSocket close; 1006 when the connection was simply gone. */
  sessionClosed(code: number): void
  /** A session failed by its own fault or ours. */
  sessionFailed(code: ErrorCode, detail: string): void
  framesIn(count: number): void
  /** Messages times sessions that they were handed to. */
  delivered(messages: number, sessions: number): void
  /** A send was committed and its sender told, so long after it came. */
  acknowledged(tookMs: number): void
  /** Frames left out because their session reads slowly or sends too fast. */
  shed(kind: 'typing' | 'presence' | 'receipts'): void
  slowConsumerClosed(bufferedBytes: number): void
  bounced(reason: 'not_owner' | 'busy'): void
  busy(code: 'BUSY' | 'RATE_LIMITED'): void
  /** One page was read at an owner so that sessions could catch up. */
  rangeRead(): void
  /** One was not, because somebody had asked for the same. */
  rangeShared(): void
  linkOpened(node: NodeId): void
  linkClosed(node: NodeId): void
}

const nothing = (): void => {}
/** For tests and the simulator. */
export const NO_EVENTS: EdgeEvents = {
  sessionOpened: nothing,
  sessionClosed: nothing,
  sessionFailed: nothing,
  framesIn: nothing,
  delivered: nothing,
  acknowledged: nothing,
  shed: nothing,
  slowConsumerClosed: nothing,
  bounced: nothing,
  busy: nothing,
  rangeRead: nothing,
  rangeShared: nothing,
  linkOpened: nothing,
  linkClosed: nothing,
}
