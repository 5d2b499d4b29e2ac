import type { LogId, NodeId } from '@chat4all/protocol'
import type { NodeLogs } from '@chat4all/storage'
import type { ShardNodeEvents } from '../events.js'
import { nodeOfLog } from './log-name.js'

const LOOK_MS = 60_000
/** Looks in a row at which a node has to be missing: who comes back at once recovers its logs itself. */
const LOOKS_MIN = 3

export interface AbandonedLogsOptions {
  readonly node: NodeId
  readonly logs: NodeLogs
  readonly events: ShardNodeEvents
  /** Has it recovered here: sealed, brought into the view, its end decided. */
  readonly recover: (log: LogId) => void
  /** Drops of it what nobody lacks. */
  readonly drop: (log: LogId) => Promise<void>
  readonly abandonedLookMs?: number
}

/**
 * Looks for logs of nodes that left for good. One that handed all its slots over leaves a log of which no row of the
 * slot table speaks: nobody recovers it to get its slots, and so nobody would ever drop it. (Of a node that comes back
 * under its name, its own start recovers them.)
 *
 * It recovers what it suspects, and recovering is safe whatever the truth is (docs/decisions/0090).
 */
export class AbandonedLogs {
  private readonly options: AbandonedLogsOptions
  private readonly timer: NodeJS.Timeout
  private looking: Promise<void> = Promise.resolve()
  private members: readonly NodeId[] = []
  /** By log, how often in a row its node was missing. */
  private missing: ReadonlyMap<LogId, number> = new Map()

  constructor(options: AbandonedLogsOptions) {
    this.options = options
    this.timer = setInterval(() => {
      this.looking = this.looking.then(() => this.look())
    }, options.abandonedLookMs ?? LOOK_MS)
    this.timer.unref()
  }

  membersChanged(members: readonly { readonly node: NodeId }[]): void {
    this.members = members.map(({ node }) => node).sort()
  }

  private async look(): Promise<void> {
    const { node, logs, events } = this.options
    const before = this.missing
    const missing = new Map<LogId, number>()
    this.missing = missing
    // One does it; who is not seen by others sees too little to judge them.
    if (this.members[0] !== node) return
    try {
      for (const log of await logs.list()) {
        if (this.members.includes(nodeOfLog(log)) || nodeOfLog(log) === node) continue
        const looks = (before.get(log) ?? 0) + 1
        missing.set(log, looks)
        if (looks >= LOOKS_MIN) await this.end(log)
      }
    } catch (error) {
      events.viewFailed({ what: 'looking for abandoned logs', error })
    }
  }

  private async end(log: LogId): Promise<void> {
    const { logs, recover, drop } = this.options
    const end = await logs.endOf(log)
    if (end !== undefined && (await logs.cursors(log)).materialised >= end) await drop(log)
    else recover(log)
  }

  /** Resolves when it asks nothing of the logs any more. */
  async stop(): Promise<void> {
    clearInterval(this.timer)
    await this.looking
  }
}
