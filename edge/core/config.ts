/** Bounds and times of an edge. Bytes, counts and milliseconds as the names say. */
export interface EdgeConfig {
  /** Unanswered bytes of one slot's pipeline; past it BUSY (design §5). */
  readonly pipelineBytesMax: number
  /** Unanswered bytes of all pipelines together; past it BUSY. */
  readonly unansweredBytesMax: number
  /** First pause after a bounce or a lost link; it doubles while nothing is answered. */
  readonly backoffMsMin: number
  readonly backoffMsMax: number
  /** What BUSY tells a client to wait. */
  readonly busyRetryAfterMs: number

  /** A session must say `hello` within this time, and be verified within the same time again. */
  readonly helloMs: number
  /** A session is closed when nothing came from it for so long; told in `welcome`. */
  readonly heartbeatMs: number
  /** `ready` is sent after this time even when some conversation's owner cannot be reached. */
  readonly readyMs: number
  readonly framesPerSecond: number
  readonly framesBurst: number
  /** Requests of one session that are not answered yet; past it BUSY. */
  readonly sessionUnansweredMax: number
  /** Bytes of frames that may come before the token is verified. */
  readonly heldBytesMax: number
  /** Questions for history of one session that wait; past it BUSY. */
  readonly historyWaitingMax: number
  /** Bytes of messages in one page of history. */
  readonly pageBytesMax: number

  /** Bytes that wait for a session; past it the session is closed as a slow consumer. */
  readonly socketBytesMax: number
  /** Past this many waiting bytes, typing and presence are left out. */
  readonly ephemeralBytesMax: number
  /** Past this many waiting bytes, receipts are left out too. */
  readonly receiptsBytesMax: number
  /** A session that catches up gets its next portion when no more than this waits for it. */
  readonly catchUpBytesLow: number
  /** Bytes of messages in one portion of catching up. */
  readonly portionBytesMax: number
  /** Pages that one session may hold or await at a time, over all its conversations. */
  readonly sessionPagesMax: number

  /** Pages of messages kept for stragglers that ask for the same. */
  readonly rangeBytesMax: number
  readonly rangeKeptMs: number
  /** Recent fan-outs kept of a conversation while some session catches up. */
  readonly recentCountMax: number
  readonly recentBytesMax: number

  /** How long nodes may take to list a user's conversations. */
  readonly enumerateMs: number
  /** After changes of nodes or owners, every user's list is asked again within this time of the last one. */
  readonly reconcileMs: number
  /** A list is trusted when nodes and owners did not change for so long before it was asked. */
  readonly settleMs: number

  /** Drain: sessions are sent away over this time … */
  readonly drainMs: number
  /** … are told to wait up to this long before they connect again … */
  readonly reconnectDelayMsMax: number
  /** … and get this long for answers that are on their way. */
  readonly drainGraceMs: number
}

export const EDGE_DEFAULTS: EdgeConfig = {
  pipelineBytesMax: 4 * 1024 * 1024,
  unansweredBytesMax: 64 * 1024 * 1024,
  backoffMsMin: 20,
  backoffMsMax: 2_000,
  busyRetryAfterMs: 50,

  helloMs: 5_000,
  heartbeatMs: 60_000,
  readyMs: 10_000,
  framesPerSecond: 1_000,
  framesBurst: 2_000,
  sessionUnansweredMax: 1_024,
  heldBytesMax: 256 * 1024,
  historyWaitingMax: 64,
  pageBytesMax: 256 * 1024,

  socketBytesMax: 1024 * 1024,
  ephemeralBytesMax: 64 * 1024,
  receiptsBytesMax: 256 * 1024,
  catchUpBytesLow: 64 * 1024,
  portionBytesMax: 64 * 1024,
  sessionPagesMax: 4,

  rangeBytesMax: 16 * 1024 * 1024,
  rangeKeptMs: 3_000,
  recentCountMax: 64,
  recentBytesMax: 256 * 1024,

  enumerateMs: 3_000,
  reconcileMs: 30_000,
  settleMs: 3_000,

  drainMs: 10_000,
  reconnectDelayMsMax: 5_000,
  drainGraceMs: 1_000,
}

/** @throws Error when bounds contradict each other. */
export function checkConfig(config: EdgeConfig): void {
  const demand = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`edge config: ${what}`)
  }
  demand(
    config.socketBytesMax > config.catchUpBytesLow + config.portionBytesMax,
    'socketBytesMax leaves no room to catch up: it must exceed catchUpBytesLow + portionBytesMax',
  )
  demand(config.socketBytesMax > config.pageBytesMax, 'socketBytesMax must exceed pageBytesMax')
  demand(
    config.ephemeralBytesMax <= config.receiptsBytesMax,
    'ephemeralBytesMax must not exceed receiptsBytesMax: typing is left out before receipts',
  )
  demand(config.receiptsBytesMax <= config.socketBytesMax, 'receiptsBytesMax must not exceed socketBytesMax')
  demand(
    config.backoffMsMin > 0 && config.backoffMsMin <= config.backoffMsMax,
    'backoffMsMin must be above 0 and at most backoffMsMax',
  )
  demand(config.framesPerSecond > 0 && config.framesBurst >= 1, 'framesPerSecond and framesBurst must be positive')
}
