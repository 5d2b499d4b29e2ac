import type { LogId, Millis, NodeId, Offset } from '@chat4all/protocol'
import type { EventGroup, EventGroups, EventStream, NodeLogs } from '@chat4all/storage'
import { droppableBelow, type PublicationConfig } from '../core/index.js'
import type { ShardNodeEvents } from '../events.js'
import { nodeOfLog } from './log-name.js'
import { LogWindow } from './log-window.js'
import { PublicationDriver } from './publication-driver.js'
import { groupOutlet, type PublicationOutlet, streamOutlet } from './publication-outlets.js'

/** Entries kept in memory for those that publish at once; who is further behind reads them back. */
const WINDOW_BYTES_MAX = 8 * 1024 * 1024
/** How often logs that ended are looked for of which nobody publishes the rest. */
const SWEEP_MS = 60_000
/** How often outlets are told what is kept for them. */
const KEEPS_MS = 1_000

export interface PublicationsOptions {
  readonly node: NodeId
  readonly logs: NodeLogs
  /** What everything committed is published to … */
  readonly stream?: EventStream
  /** … and the groups of this process that read the logs themselves. */
  readonly groups?: EventGroups
  readonly events: ShardNodeEvents
  readonly now: () => Millis
  readonly publishing?: Partial<PublicationConfig>
  readonly sweepMs?: number
}

/**
 * The own log, and logs that ended, published to every outlet; and entries dropped when all have them. Without an outlet
 * it holds nothing and does nothing per message.
 */
export class Publications {
  private readonly options: PublicationsOptions
  private readonly window = new LogWindow(WINDOW_BYTES_MAX)
  private readonly drivers: PublicationDriver[] = []
  private readonly unwatch: () => void
  private readonly sweeper: NodeJS.Timeout | undefined
  /** Logs seen unpublished by the last sweep, and how far they were. */
  private readonly unpublished = new Map<string, Offset>()
  private readonly dropping = new Set<Promise<void>>()
  private healthy: ReadonlySet<NodeId> = new Set()
  private log: LogId | undefined
  private committedUpTo = 0 as Offset
  private committedBytes = 0
  /** Where the own log was dropped from last: as long as nothing more may go, nothing is written. */
  private ownDroppedBelow = 0 as Offset
  private keepsToldAt = 0
  private stopped = false

  constructor(options: PublicationsOptions) {
    this.options = options
    if (options.stream !== undefined) this.add(streamOutlet(options.stream, options.logs))
    this.unwatch = options.groups?.watch((group: EventGroup) => this.add(groupOutlet(group))) ?? (() => {})
    if (options.stream === undefined && options.groups === undefined) return
    this.sweeper = setInterval(() => void this.sweep(), options.sweepMs ?? SWEEP_MS)
    this.sweeper.unref()
  }

  private get settled(): boolean {
    return this.drivers.every((driver) => driver.settled || !driver.outlet.others)
  }

  private add(outlet: PublicationOutlet): void {
    const { node, logs, events, now, publishing } = this.options
    const driver = new PublicationDriver({
      node,
      outlet,
      logs,
      window: this.window,
      events,
      now,
      isOrphan: (log) => !this.healthy.has(nodeOfLog(log)) || (nodeOfLog(log) === node && log !== this.log),
      // The own log is dropped from when the view's cursor rises: once a second is enough.
      onSaved: async (log) => (log === this.log ? undefined : this.drop(log)),
      ...(publishing !== undefined && { config: publishing }),
    })
    this.drivers.push(driver)
    if (this.log !== undefined) this.startDriver(driver, this.log)
    // What others left before this one came.
    if (this.log !== undefined) void this.sweep()
  }

  private startDriver(driver: PublicationDriver, log: LogId): void {
    driver.start(log, this.committedUpTo).catch((error) => {
      this.options.events.publicationFailed({ what: 'start', outlet: driver.outlet.name, error })
      setTimeout(() => {
        if (this.log === log && !this.stopped) this.startDriver(driver, log)
      }, KEEPS_MS).unref()
    })
  }

  membersChanged(members: readonly { readonly node: NodeId }[]): void {
    this.healthy = new Set(members.map(({ node }) => node))
  }

  /** A new incarnation, with a log whose name was never used. */
  start(log: LogId): void {
    this.log = log
    this.committedUpTo = 0 as Offset
    this.committedBytes = 0
    this.ownDroppedBelow = 0 as Offset
    this.window.start(log)
    for (const driver of this.drivers) this.startDriver(driver, log)
  }

  appended(log: LogId, offset: Offset, entry: Uint8Array): void {
    if (this.drivers.length > 0) this.window.add(log, offset, entry)
  }

  /** The entry at `offset` is committed, and all below. */
  committed(offset: Offset, bytes: number): void {
    this.committedUpTo = (offset + 1) as Offset
    this.committedBytes += bytes
    for (const driver of this.drivers) driver.committed(this.log!, this.committedUpTo)
  }

  /** The log was recovered here up to its end. */
  logEnded(log: LogId, end: Offset): void {
    for (const driver of this.drivers) driver.logEnded(log, end)
  }

  tick(): void {
    if (this.drivers.length === 0) return
    for (const driver of this.drivers.splice(0)) {
      if (driver.outlet.gone) void driver.stop()
      else this.drivers.push(driver)
    }
    for (const driver of this.drivers) driver.tick()
    const now = performance.now()
    if (now - this.keepsToldAt < KEEPS_MS || this.log === undefined) return
    this.keepsToldAt = now
    const entryBytes = this.committedUpTo === 0 ? 0 : this.committedBytes / this.committedUpTo
    let lag = 0
    for (const { lagEntries, outlet } of this.drivers) {
      outlet.keeps(this.log, Math.ceil(lagEntries * entryBytes))
      lag = Math.max(lag, lagEntries)
    }
    this.options.events.publicationLag(lag)
  }

  /** Drops what the view and every outlet have. Call after a cursor has risen on stable storage. */
  async drop(log: LogId): Promise<void> {
    const { logs, events } = this.options
    const dropping = this.dropNow(log, logs)
      .catch((error) => events.publicationFailed({ what: 'drop', outlet: '', error }))
      .finally(() => this.dropping.delete(dropping))
    this.dropping.add(dropping)
    await dropping
  }

  private async dropNow(log: LogId, logs: NodeLogs): Promise<void> {
    const outlets = this.drivers.map(({ outlet }) => outlet).filter(({ gone }) => !gone)
    const published = await Promise.all(outlets.map((outlet) => outlet.cursor(log)))
    const { materialised } = await logs.cursors(log)
    const below = droppableBelow(materialised, published)
    if (log === this.log && below <= this.ownDroppedBelow) return
    // A cursor that was read may stand on one replica only, and be gone with it: then whoever recovers or publishes the
    // log looks for entries that are dropped, and takes the hole for its end. So what was read is put onto a quorum
    // first, whatever the store does about it when it reads. (Found by the simulator.)
    await Promise.all([
      logs.saveCursor(log, 'materialised', materialised),
      ...outlets.map((outlet, index) => outlet.saveCursor(log, published[index]!)),
    ])
    await logs.dropBelow(log, below)
    if (log === this.log) this.ownDroppedBelow = below
  }

  /**
   * Logs that ended and are not published to their end, though nobody has gone on with them since the last look: whoever
   * recovered them has died, or had no stream.
   */
  private async sweep(): Promise<void> {
    const { logs, events } = this.options
    try {
      for (const log of await logs.list()) {
        if (log === this.log || this.stopped) continue
        const end = await logs.endOf(log)
        if (end === undefined) continue
        for (const driver of this.drivers) await this.sweepLog(driver, log, end)
      }
    } catch (error) {
      events.publicationFailed({ what: 'sweep', outlet: '', error })
    }
  }

  private async sweepLog(driver: PublicationDriver, log: LogId, end: Offset): Promise<void> {
    const key = `${driver.outlet.name} ${log}`
    const cursor = await driver.outlet.cursor(log)
    if (cursor >= end) {
      this.unpublished.delete(key)
      await this.drop(log)
    } else if (this.unpublished.get(key) === cursor) driver.logEnded(log, end)
    else this.unpublished.set(key, cursor)
  }

  /** Publishes what can be published soon, so that who takes over does not wait for this node. */
  async wrapUp(waitMsMax: number): Promise<void> {
    const until = performance.now() + waitMsMax
    while (!this.settled && performance.now() < until) {
      for (const driver of this.drivers) driver.wrapUp()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Resolves when nothing is written to the logs from here any more. */
  async stop(): Promise<void> {
    this.stopped = true
    clearInterval(this.sweeper)
    this.unwatch()
    await Promise.all(this.drivers.map((driver) => driver.stop()))
    await Promise.all(this.dropping)
  }
}
