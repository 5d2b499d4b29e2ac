import { setTimeout as pause } from 'node:timers/promises'
import type { LogId, Offset } from '@chat4all/protocol'
import type { NodeLogs } from '@chat4all/storage'

/**
 * Whether a shard-node can commit, seen from the calls that it makes to its log: an append, or the opening of a log,
 * that has had no success for two seconds says no, and so does a seal check made for nothing else while the node is
 * idle. One that cannot commit says so to the others (Consul), who take its slots if they can do better.
 */

const UNANSWERED_MS_MAX = 2_000
const LOOK_MS = 250
/** An idle node asks this long after its last success. */
const IDLE_MS = 1_000
const LIST_AGAIN_MS = 500

export interface CommitWatchOptions {
  /** Told at each change; undefined: it can commit. */
  readonly onFault: (fault: string | undefined) => void
  readonly onOpened: (log: LogId) => void
  /** A clock that only goes forward, in milliseconds. */
  readonly elapsed?: () => number
}

export interface CommitWatch {
  /** What the shard-node is to use. */
  readonly logs: NodeLogs
  readonly fault: string | undefined
  /** To be called every 250 ms; `start` sees to it. */
  look(): void
  start(): void
  stop(): void
}

export function watchCommits(logs: NodeLogs, options: CommitWatchOptions): CommitWatch {
  const { onFault, onOpened, elapsed = () => performance.now() } = options
  /** Since when there is no success: of the opening, and of each offset. */
  const unanswered = new Map<Offset | 'open' | 'check', number>()
  let current: LogId | undefined
  let succeededAt = elapsed()
  let fault: string | undefined
  let lastError = ''
  let timer: NodeJS.Timeout | undefined
  const stopped = new AbortController()

  function begin(what: Offset | 'open' | 'check'): void {
    if (!unanswered.has(what)) unanswered.set(what, elapsed())
  }

  function succeed(what: Offset | 'open' | 'check'): void {
    unanswered.delete(what)
    unanswered.delete('check')
    succeededAt = elapsed()
  }

  function fail(error: unknown): never {
    lastError = `: ${(error as Error).message}`
    throw error
  }

  function look(): void {
    const now = elapsed()
    if (current !== undefined && unanswered.size === 0 && now - succeededAt >= IDLE_MS) check(current)
    const oldest = Math.min(...unanswered.values())
    const found =
      now - oldest < UNANSWERED_MS_MAX || unanswered.size === 0 ? undefined : `nothing can be stored${lastError}`
    if ((found === undefined) === (fault === undefined)) return
    fault = found
    if (fault === undefined) lastError = ''
    onFault(fault)
  }

  /** Until one succeeds, each that fails is followed by another. */
  function check(log: LogId): void {
    begin('check')
    logs.isSealed(log).then(
      () => succeed('check'),
      (error: Error) => {
        lastError = `: ${error.message}`
        setTimeout(() => {
          if (unanswered.has('check') && timer !== undefined) check(log)
        }, LOOK_MS)
      },
    )
  }

  const watched: NodeLogs = {
    async open(log) {
      // Whatever was under way belongs to the log before.
      if (log !== current) unanswered.clear()
      current = log
      begin('open')
      await logs.open(log).catch(fail)
      succeed('open')
      onOpened(log)
    },
    async append(log, offset, entry) {
      if (log !== current) return logs.append(log, offset, entry)
      begin(offset)
      await logs.append(log, offset, entry).catch(fail)
      if (log === current) succeed(offset)
    },
    // A node that begins anew while the store is away waits for it, as long as it is to run.
    async list() {
      for (;;) {
        try {
          return await logs.list()
        } catch (error) {
          if (stopped.signal.aborted) throw error
          lastError = `: ${(error as Error).message}`
          begin('open')
          await pause(LIST_AGAIN_MS, undefined, { signal: stopped.signal })
        }
      }
    },
    isSealed: (log) => logs.isSealed(log),
    seal: (log) => logs.seal(log),
    read: (log, from, limit) => logs.read(log, from, limit),
    writeBack: (log, offset, entry) => logs.writeBack(log, offset, entry),
    decideEnd: (log, end) => logs.decideEnd(log, end),
    endOf: (log) => logs.endOf(log),
    cursors: (log) => logs.cursors(log),
    saveCursor: (log, view, cursor) => logs.saveCursor(log, view, cursor),
    dropBelow: (log, below) => logs.dropBelow(log, below),
    close: () => logs.close(),
  }

  return {
    logs: watched,
    get fault() {
      return fault
    },
    look,
    start() {
      timer = setInterval(look, LOOK_MS)
    },
    stop() {
      clearInterval(timer)
      timer = undefined
      stopped.abort()
    },
  }
}
