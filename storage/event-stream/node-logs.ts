import type { LogId, Offset } from '@chat4all/protocol'
import { nodeFileSystem } from '../file-system/node.js'
import type { FileSystem } from '../file-system/port.js'
import type { NodeLogs } from '../node-log/port.js'
import { type Consumer, ConsumerGroup } from './consumer-group.js'
import { GroupFile, type GroupState } from './group-file.js'
import type { EventGroup, EventGroups, EventSource, Following, FollowOptions, StreamEvent } from './port.js'

export interface NodeLogEventsOptions {
  readonly logs: NodeLogs
  /** The file that remembers the groups. */
  readonly path: string
  readonly fileSystem?: FileSystem
  /** A group that keeps more than so many bytes of one log, or takes nothing of what is there for so long, is dropped. */
  readonly keepBytesMax?: number
  readonly keepMsMax?: number
  /** Told of a group that was dropped: events are lost to it. Worth an error in the server's log. */
  readonly onDropped?: (dropped: { readonly group: string; readonly bytes: number; readonly idleMs: number }) => void
  /** Told of each rejection by a consumer; the events come again. */
  readonly onRejected?: (rejected: { readonly group: string; readonly error: unknown }) => void
  readonly now?: () => number
}

/** The event stream without an engine: both ends of it. */
export interface NodeLogEvents extends EventGroups, EventSource {}

const KEEP_BYTES_MAX = 4 * 1024 * 1024 * 1024
const KEEP_MS_MAX = 7 * 24 * 3600 * 1000
/** After a start, groups have so long to be followed again before their age counts. */
const GRACE_MS = 10 * 60 * 1000
const ENTRIES_AT_ONCE = 256

/**
 * Opens the groups that read the node logs of this process. Nothing is copied: a group is a cursor per log, and a log
 * keeps its entries until the slowest group has them.
 * @throws DamagedFileError
 */
export async function openNodeLogEvents(options: NodeLogEventsOptions): Promise<NodeLogEvents> {
  const file = await GroupFile.open(options.fileSystem ?? nodeFileSystem, options.path)
  return new Events(options, file)
}

class Events implements NodeLogEvents {
  readonly file: GroupFile
  readonly options: NodeLogEventsOptions
  readonly openedAt: number
  private readonly groups = new Map<string, Group>()
  private readonly creating = new Map<string, Promise<Group>>()
  private readonly watchers = new Set<(group: EventGroup) => void>()
  private closed = false

  constructor(options: NodeLogEventsOptions, file: GroupFile) {
    this.options = options
    this.file = file
    this.openedAt = this.now()
    for (const name of file.names) this.groups.set(name, new Group(this, name, file.get(name)!))
  }

  now(): number {
    return (this.options.now ?? Date.now)()
  }

  watch(onGroup: (group: EventGroup) => void): () => void {
    this.watchers.add(onGroup)
    for (const group of this.groups.values()) onGroup(group)
    return () => this.watchers.delete(onGroup)
  }

  async follow(
    name: string,
    onEvents: (events: readonly StreamEvent[]) => Promise<void>,
    { startAt = 'oldest' }: FollowOptions = {},
  ): Promise<Following> {
    if (this.closed) throw new Error('the event stream is closed')
    const consumer: Consumer = { onEvents }
    const joined = this.groups.get(name) ?? (await this.create(name, startAt))
    joined.consumers.add(consumer)
    return {
      // A group that was dropped has a successor.
      stop: async () => {
        await Promise.all([joined, this.groups.get(name)].map((group) => group?.consumers.remove(consumer)))
      },
    }
  }

  /** Calls for the same name share one attempt. */
  private create(name: string, startAt: 'oldest' | 'newest'): Promise<Group> {
    let creating = this.creating.get(name)
    if (creating === undefined) {
      creating = this.begin(name, startAt).finally(() => this.creating.delete(name))
      this.creating.set(name, creating)
    }
    return creating
  }

  private async begin(name: string, startAt: 'oldest' | 'newest'): Promise<Group> {
    const cursors: Record<LogId, Offset> = {}
    if (startAt === 'newest') {
      for (const log of await this.options.logs.list()) cursors[log] = await this.endOf(log)
    }
    const state: GroupState = { cursors, activeAt: this.now() }
    // Durable first: what is published from now on must not be missed by a crash.
    await this.file.set(name, state)
    const group = new Group(this, name, state)
    this.groups.set(name, group)
    for (const watcher of this.watchers) watcher(group)
    return group
  }

  private async endOf(log: LogId): Promise<Offset> {
    const { logs } = this.options
    const decided = await logs.endOf(log)
    if (decided !== undefined) return decided
    let { materialised: end } = await logs.cursors(log)
    for (let found = ENTRIES_AT_ONCE; found === ENTRIES_AT_ONCE; end = (end + found) as Offset)
      found = (await logs.read(log, end, ENTRIES_AT_ONCE)).length
    return end
  }

  async forget(name: string): Promise<void> {
    if (this.closed) throw new Error('the event stream is closed')
    const group = this.groups.get(name) ?? (await this.creating.get(name))
    if (group?.consumers.isEmpty === true) await this.end(group)
  }

  /** Its place is forgotten; consumers that are there go on with what comes. */
  async drop(group: Group, bytes: number): Promise<void> {
    this.options.onDropped?.({ group: group.name, bytes, idleMs: this.now() - group.activeAt })
    const left = await this.end(group)
    if (left.length === 0) return
    const successor = await this.create(group.name, 'newest')
    for (const consumer of left) successor.consumers.add(consumer)
  }

  /** Resolves with the consumers that were there. */
  private async end(group: Group): Promise<Consumer[]> {
    group.dropped = true
    this.groups.delete(group.name)
    await this.file.set(group.name, undefined)
    group.consumers.close()
    return group.consumers.removeAll()
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    for (const group of this.groups.values()) {
      group.consumers.close()
      await group.consumers.removeAll()
    }
    await this.file.idle()
  }
}

class Group implements EventGroup {
  readonly name: string
  readonly consumers: ConsumerGroup
  dropped = false
  activeAt: number
  private cursors: { readonly [log: LogId]: Offset }
  private readonly events: Events

  constructor(events: Events, name: string, state: GroupState) {
    this.events = events
    this.name = name
    this.cursors = state.cursors
    const { onRejected } = events.options
    this.consumers = new ConsumerGroup((error) => onRejected?.({ group: name, error }))
    const { keepMsMax = KEEP_MS_MAX } = events.options
    this.activeAt = Math.max(state.activeAt, events.openedAt + GRACE_MS - keepMsMax)
  }

  publish(events: readonly StreamEvent[]): Promise<void> {
    return this.consumers.publish(events)
  }

  cursor(log: LogId): Offset {
    return this.cursors[log] ?? (0 as Offset)
  }

  async saveCursor(log: LogId, cursor: Offset): Promise<void> {
    if (this.dropped || cursor <= this.cursor(log)) return
    this.activeAt = this.events.now()
    const wanted = this.file.get(this.name)?.cursors
    const cursors = { ...wanted, [log]: Math.max(cursor, wanted?.[log] ?? 0) as Offset }
    await this.file.set(this.name, { cursors, activeAt: this.activeAt })
    // What is answered is durable: entries below may be dropped.
    if (cursor > this.cursor(log)) this.cursors = { ...this.cursors, [log]: cursor }
  }

  private get file(): GroupFile {
    return this.events.file
  }

  keeps(_log: LogId, bytes: number): void {
    if (this.dropped) return
    const now = this.events.now()
    if (bytes === 0) {
      this.activeAt = now
      return
    }
    const { keepBytesMax = KEEP_BYTES_MAX, keepMsMax = KEEP_MS_MAX } = this.events.options
    if (bytes <= keepBytesMax && now - this.activeAt <= keepMsMax) return
    this.dropped = true
    void this.events.drop(this, bytes).catch((error: unknown) => {
      this.events.options.onRejected?.({ group: this.name, error })
    })
  }
}
