import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { logRecord, type NodeId, Reader, SLOTS } from '@chat4all/protocol'
import { inProcessLinks, inProcessMembers } from '@chat4all/router'
import { type EventGroups, type EventStream, openNodeLogEvents, type StreamEvent } from '@chat4all/storage'
import { type EmbeddedStorage, openEmbeddedStorage } from '@chat4all/storage/embedded'
import pino from 'pino'
import { Registry } from 'prom-client'
import { peerName, type ShardNode, type ShardNodeOptions, shardNodeEvents, startShardNode } from '../index.js'
import { Talker } from './testing/talker.js'

// Whole shard-nodes on real files, which share a store as in a cluster.

const folders: string[] = []
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

/** A stream that can be away, and that reads what it was given as a consumer does. */
class RecordedStream implements EventStream {
  away = false
  /** What it was given arrives, and nobody hears of it. */
  silent = false
  readonly heads = new Map<string, number>()
  wrong: string | undefined
  doubles = 0

  async publish(events: readonly StreamEvent[]): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 2))
    if (this.away) throw new Error('the stream is away')
    for (const event of events) this.take(event)
    if (this.silent) throw new Error('no answer')
  }

  take({ record }: StreamEvent): void {
    const decoded = logRecord.read(new Reader(record))
    if (decoded.type !== 'messages') return
    for (let seq = decoded.first as number; seq < decoded.first + decoded.count; seq++) {
      const head = this.heads.get(decoded.conversation) ?? 0
      if (seq <= head) this.doubles++
      else if (seq === head + 1) this.heads.set(decoded.conversation, seq)
      else this.wrong ??= `${decoded.conversation}: ${seq} after ${head}`
    }
  }

  async close(): Promise<void> {}
}

class Cluster {
  readonly storage: EmbeddedStorage
  readonly outlets: { readonly stream?: EventStream; readonly groups?: EventGroups }
  readonly more: Partial<ShardNodeOptions>
  readonly nodes = new Map<NodeId, ShardNode>()
  readonly talker = new Talker()
  private readonly members = inProcessMembers()
  private readonly transport = inProcessLinks()

  constructor(storage: EmbeddedStorage, outlets: Cluster['outlets'], more: Partial<ShardNodeOptions> = {}) {
    this.storage = storage
    this.outlets = outlets
    this.more = more
  }

  async start(name: string): Promise<void> {
    const node = name as NodeId
    const { logs, view, slots, presence } = this.storage
    const started = await startShardNode({
      node,
      logs,
      view,
      slots,
      presence,
      ...this.outlets,
      publishing: { retryMsMax: RETRY_MS_MAX },
      members: this.members,
      listener: this.transport.listener(node),
      dialer: this.transport.dialer(peerName(node)),
      events: shardNodeEvents(node, pino({ level: 'silent' }), new Registry()),
      onFatal: (error) => assert.fail(error),
      ...this.more,
    })
    this.nodes.set(node, started)
    await this.talker.dial(this.transport, node, started.address)
  }

  async stop(name: string): Promise<void> {
    const node = name as NodeId
    const stopping = this.nodes.get(node)
    this.nodes.delete(node)
    await stopping?.stop()
  }

  async serves(slots = SLOTS): Promise<void> {
    await until(() => [...this.nodes.values()].reduce((sum, { serving }) => sum + serving, 0) === slots)
  }

  get said(): Map<string, number> {
    return this.talker.said
  }

  say(conversation: string): Promise<void> {
    return this.talker.say(conversation)
  }

  async close(): Promise<void> {
    for (const name of [...this.nodes.keys()]) await this.stop(name)
    await this.members.close()
  }
}

/** On a busy machine; a few seconds on a quiet one. */
const HOLDS_MS_MAX = 40_000
/** Tries while the stream is away come often enough for each fault to meet some. */
const RETRY_MS_MAX = 200
const CONVERSATIONS = Array.from({ length: 24 }, (_, index) => `c${index}`)

async function openStorage(folder?: string): Promise<{ folder: string; storage: EmbeddedStorage }> {
  const at = folder ?? (await mkdtemp(join(tmpdir(), 'publications-')))
  if (folder === undefined) folders.push(at)
  return { folder: at, storage: await openEmbeddedStorage({ folder: at }) }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + HOLDS_MS_MAX
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `it did not come to hold within ${HOLDS_MS_MAX} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function hasAll({ heads }: RecordedStream, { said }: Cluster): boolean {
  return [...said].every(([conversation, number]) => heads.get(conversation) === number)
}

describe('publishing to an event stream', { timeout: 120_000 }, () => {
  test('commits go on while the stream is away; afterwards it gets all in order, also from a log that ended meanwhile', async () => {
    const stream = new RecordedStream()
    const { folder, storage } = await openStorage()
    let cluster = new Cluster(storage, { stream })
    await cluster.start('node-1')
    await cluster.serves()
    for (const conversation of CONVERSATIONS) await cluster.say(conversation)
    await until(() => hasAll(stream, cluster))
    stream.away = true
    for (let round = 0; round < 10; round++) for (const conversation of CONVERSATIONS) await cluster.say(conversation)
    // The view has all: without the stream, the log could go.
    const [log] = await storage.logs.list()
    await until(async () => (await storage.logs.cursors(log!)).materialised > 100)
    await cluster.close()
    await storage.close()

    const again = await openStorage(folder)
    const { said } = cluster
    cluster = new Cluster(again.storage, { stream })
    for (const [conversation, number] of said) cluster.said.set(conversation, number)
    await cluster.start('node-1')
    await cluster.serves()
    for (const conversation of CONVERSATIONS) await cluster.say(conversation)
    assert.ok(!hasAll(stream, cluster))
    stream.away = false
    await until(() => hasAll(stream, cluster))
    assert.equal(stream.wrong, undefined)
    // In the view, and published: the old log goes, the new one does not.
    await until(async () => !(await again.storage.logs.list()).includes(log!))
    assert.equal((await again.storage.logs.list()).length, 1)
    await cluster.close()
    await again.storage.close()
  })

  test('slots that go from node to node and back leave no gap and no disorder, whatever the stream answers', async () => {
    const stream = new RecordedStream()
    const { storage } = await openStorage()
    const cluster = new Cluster(storage, { stream })
    await cluster.start('node-1')
    await cluster.serves()
    let talking = true
    const talk = (async () => {
      while (talking) await Promise.all(CONVERSATIONS.map((conversation) => cluster.say(conversation)))
    })()
    try {
      for (const fault of ['away', 'silent'] as const) {
        stream.away = fault === 'away'
        stream.silent = fault === 'silent'
        await cluster.start('node-2')
        await until(() => [...cluster.nodes.values()].every(({ serving }) => serving > 300))
        await cluster.start('node-3')
        await until(() => [...cluster.nodes.values()].every(({ serving }) => serving > 200))
        await cluster.stop('node-2')
        stream.away = false
        await cluster.stop('node-3')
        stream.silent = false
        await cluster.serves()
      }
    } finally {
      talking = false
      await talk
    }
    await until(() => hasAll(stream, cluster))
    assert.equal(stream.wrong, undefined)
    assert.ok(stream.doubles > 0, 'an answer that was lost makes doubles')
    await cluster.close()
    await storage.close()
  })
})

test('groups follow the logs themselves: each gets all, over restarts, and a log is kept for the slowest', {
  timeout: 120_000,
}, async () => {
  const [fast, slow] = [new RecordedStream(), new RecordedStream()]
  slow.away = true
  let { folder, storage } = await openStorage()
  let said = new Map<string, number>()
  for (let restart = 0; restart < 3; restart++) {
    const events = await openNodeLogEvents({ logs: storage.logs, path: join(folder, 'groups.json') })
    const cluster = new Cluster(storage, { groups: events })
    for (const [conversation, number] of said) cluster.said.set(conversation, number)
    await cluster.start('node-1')
    await cluster.start('node-2')
    await cluster.serves()
    await events.follow('fast', (of) => fast.publish(of))
    await events.follow('slow', (of) => slow.publish(of))
    for (let round = 0; round < 5; round++) for (const conversation of CONVERSATIONS) await cluster.say(conversation)
    await until(() => hasAll(fast, cluster))
    if (restart === 2) {
      assert.ok((await storage.logs.list()).length > 2, 'nothing was dropped that the slow one does not have')
      slow.away = false
      await until(() => hasAll(slow, cluster))
      await until(async () => (await storage.logs.list()).length === 2)
    }
    said = cluster.said
    await cluster.close()
    await events.close()
    await storage.close()
    if (restart < 2) ({ folder, storage } = await openStorage(folder))
  }
  assert.deepEqual([fast.wrong, slow.wrong], [undefined, undefined])
})

test('the log of a node that gave everything away and left for good goes, once all have it; nothing of it is lost', {
  timeout: 120_000,
}, async () => {
  for (const stream of [undefined, new RecordedStream()]) {
    const { storage } = await openStorage()
    const cluster = new Cluster(storage, { ...(stream !== undefined && { stream }) }, { abandonedLookMs: 100 })
    await cluster.start('node-1')
    await cluster.serves()
    await cluster.start('node-2')
    await until(() => [...cluster.nodes.values()].every(({ serving }) => serving > 300))
    for (const conversation of CONVERSATIONS) await cluster.say(conversation)
    const logs = await storage.logs.list()
    assert.equal(logs.length, 2)
    await cluster.stop('node-2')
    await until(async () => (await storage.logs.list()).length === 1)
    await cluster.serves()
    for (const conversation of CONVERSATIONS) await cluster.say(conversation)
    if (stream !== undefined) {
      await until(() => hasAll(stream, cluster))
      assert.equal(stream.wrong, undefined)
    }
    await cluster.close()
    await storage.close()
  }
})
