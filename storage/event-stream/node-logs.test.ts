import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { AppId, ConversationId, LogId, Offset } from '@chat4all/protocol'
import type { NodeLogs } from '../node-log/port.js'
import { openSegmentFiles } from '../node-log/segment-files.js'
import { eventStreamContract, type OpenEventStream } from './contract.js'
import { type NodeLogEvents, type NodeLogEventsOptions, openNodeLogEvents } from './node-logs.js'
import type { EventGroup, StreamEvent } from './port.js'

const log = 'node-1.log' as LogId
const folders: string[] = []
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'events-'))
  folders.push(folder)
  return folder
}

/** The part of a shard-node that matters here: one log, from which each group is published to from its cursor on. */
class LogPublisher implements OpenEventStream {
  readonly source: NodeLogEvents
  readonly groups: EventGroup[] = []
  readonly folder: string
  private readonly logs: NodeLogs
  private readonly entries: StreamEvent[][]
  private readonly wakes = new Set<() => void>()
  private closed = false

  private constructor(folder: string, logs: NodeLogs, source: NodeLogEvents, entries: StreamEvent[][]) {
    this.folder = folder
    this.logs = logs
    this.source = source
    this.entries = entries
    source.watch((group) => {
      this.groups.push(group)
      void this.serve(group)
    })
  }

  static async open(
    folder: string,
    entries: StreamEvent[][] = [],
    options: Partial<NodeLogEventsOptions> = {},
  ): Promise<LogPublisher> {
    const logs = await openSegmentFiles({ folder: join(folder, 'logs') })
    await logs.open(log)
    const source = await openNodeLogEvents({ logs, path: join(folder, 'groups.json'), ...options })
    return new LogPublisher(folder, logs, source, entries)
  }

  static async reopen(stream: LogPublisher): Promise<LogPublisher> {
    await stream.close()
    return LogPublisher.open(stream.folder, stream.entries)
  }

  async publish(events: readonly StreamEvent[]): Promise<void> {
    await this.logs.append(log, this.entries.length as Offset, Uint8Array.of(1))
    this.entries.push([...events])
    for (const wake of this.wakes) wake()
  }

  private async serve(group: EventGroup): Promise<void> {
    let at = group.cursor(log)
    while (!this.closed && !group.dropped) {
      if (at >= this.entries.length) await new Promise<void>((resolve) => this.wakes.add(resolve))
      const entry = this.entries[at]
      if (entry === undefined) continue
      const published = await group.publish(entry).then(
        () => true,
        () => false,
      )
      if (!published) return
      at = (at + 1) as Offset
      await group.saveCursor(log, at)
    }
  }

  async close(): Promise<void> {
    this.closed = true
    for (const wake of this.wakes) wake()
    await this.source.close()
    await this.logs.close()
  }
}

eventStreamContract(
  'node logs',
  async () => LogPublisher.open(await temporaryFolder()),
  (stream) => LogPublisher.reopen(stream as LogPublisher),
)

const event: StreamEvent = {
  kind: 'messages',
  app: 'demo' as AppId,
  conversation: 'c1' as ConversationId,
  record: new Uint8Array(10),
}

test('a cursor that was answered is on disk, and never falls', async () => {
  const stream = await LogPublisher.open(await temporaryFolder())
  await stream.source.follow('g', async () => {})
  const [group] = stream.groups
  await Promise.all([5, 3, 7, 6].map((cursor) => group!.saveCursor(log, cursor as Offset)))
  assert.equal(group!.cursor(log), 7)
  const again = await LogPublisher.reopen(stream)
  assert.equal(again.groups[0]!.cursor(log), 7)
  await again.close()
})

test('a group that keeps too much is dropped, aloud; its consumers go on with what comes', async () => {
  const dropped: unknown[] = []
  const stream = await LogPublisher.open(await temporaryFolder(), [], {
    keepBytesMax: 1_000,
    onDropped: (what) => dropped.push(what),
  })
  let healthy = false
  const taken: StreamEvent[] = []
  await stream.source.follow('slow', async (events) => {
    if (!healthy) throw new Error('not now')
    taken.push(...events)
  })
  await stream.publish([event, event])
  const [slow] = stream.groups
  slow!.keeps(log, 1_000)
  assert.equal(slow!.dropped, false)
  slow!.keeps(log, 1_001)
  assert.equal(slow!.dropped, true)
  healthy = true
  while (stream.groups.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  await stream.publish([event])
  while (taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(taken.length, 1)
  assert.equal(stream.groups[1]!.name, 'slow')
  assert.deepEqual(dropped, [{ group: 'slow', bytes: 1_001, idleMs: (dropped[0] as { idleMs: number }).idleMs }])
  await stream.close()
})

test('a group that nobody follows is dropped by age, one that has all is not', async () => {
  let now = 1_000_000_000
  const dropped: string[] = []
  const folder = await temporaryFolder()
  const options = {
    keepMsMax: 3_600_000,
    now: () => now,
    onDropped: ({ group }: { group: string }) => void dropped.push(group),
  }
  const stream = await LogPublisher.open(folder, [], options)
  for (const name of ['gone', 'quiet']) await (await stream.source.follow(name, async () => {})).stop()
  const [gone, quiet] = stream.groups
  now += 3_000_000
  gone!.keeps(log, 10)
  quiet!.keeps(log, 0)
  now += 600_001
  gone!.keeps(log, 10)
  quiet!.keeps(log, 10)
  assert.deepEqual(dropped, ['gone'])
  await stream.close()
})

test('a damaged file of groups is told, not taken for an empty one', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'groups.json'), '{"g":')
  await assert.rejects(LogPublisher.open(folder), { name: 'DamagedFileError' })
})
