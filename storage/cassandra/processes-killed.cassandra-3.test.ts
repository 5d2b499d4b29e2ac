import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import type { AppId, ConversationId, Epoch, LogId, Millis, NodeId, Offset, Seq, Slot, UserId } from '@chat4all/protocol'
import { testEngine } from '@chat4all/protocol/testing'
import { types } from 'cassandra-driver'
import { cassandraMessageView } from '../message-view/cassandra.js'
import type { ConversationChange } from '../message-view/port.js'
import { cassandraNodeLogs } from '../node-log/cassandra.js'
import { cassandraSlotTable } from '../slot-table/cassandra.js'
import { connectCassandra } from './connection.js'
import { cassandraProcesses, startCassandras } from './engine-processes.js'

/*
 * Three Cassandra processes and three copies of each row: one is killed under load, and all are killed right after an
 * acknowledgement. With the time-outs of production.
 */

const addresses = testEngine('CHAT4ALL_TEST_CASSANDRA_3').split(',')
const options = {
  contactPoints: addresses,
  localDataCenter: 'datacenter1',
  keyspace: `test_killed_${randomBytes(4).toString('hex')}`,
  replicationFactor: 3,
  onRisk: (risk: string) => console.log(risk),
}
const client = await connectCassandra(options)
after(async () => {
  await untilItWorks(() => client.execute(`DROP KEYSPACE IF EXISTS ${options.keyspace}`, [], { prepare: false }))
  await client.shutdown()
})
const logs = cassandraNodeLogs(client)
const view = cassandraMessageView(client)
const slots = cassandraSlotTable(client)

/** Longer than a request waits for its answer, plus the moment in which the others notice. */
const PAUSE_MS_MAX = 5_000

for (const killed of [1, 0]) {
  test(`with Cassandra ${killed + 1} of 3 killed under load, commits, reads and claims go on`, async (t) => {
    await startCassandras()
    await allAnswer()
    const log = `log-${killed}` as LogId
    const conversation = `chat-${killed}` as ConversationId
    await untilItWorks(() => logs.open(log))
    const load = new Load(log, conversation)
    load.start()
    await pause(3_000)
    const victim = (await cassandraProcesses()).find(({ address }) => address === addresses[killed])!
    const before = load.longestPauseMs
    process.kill(victim.pid, 'SIGKILL')
    load.forgetPauses()
    await pause(15_000)
    const during = load.longestPauseMs
    const moved = await untilItWorks(() => slots.claim([{ slot: killed as Slot, from: undefined, to: owner }]))
    assert.deepEqual(moved, [true])
    const committed = await load.stop()
    t.diagnostic(
      `longest pause ${before.toFixed(0)} ms before, ${during.toFixed(0)} ms after the kill; ${committed} commits; rejected: ${JSON.stringify([...load.rejected])}`,
    )
    assert.ok(during < PAUSE_MS_MAX, `nothing was committed for ${during.toFixed(0)} ms`)
    await load.isThere()
    await startCassandras()
    await allAnswer()
    await load.isThere()
  })
}

for (const round of [1, 2]) {
  test(`all three killed right after an acknowledgement: what was acknowledged is there (${round})`, async (t) => {
    const log = `all-${round}` as LogId
    const conversation = `chat-all-${round}` as ConversationId
    await startCassandras()
    await allAnswer()
    const victims = await cassandraProcesses()
    assert.equal(victims.length, 3)
    await untilItWorks(() => logs.open(log))
    const slot = (100 + round) as Slot
    const load = new Load(log, conversation)
    load.start()
    await pause(2_000)
    // The driver may not have found its way back to the one that was killed before. Whether the claim was made is read below.
    await untilItWorks(() => logs.saveCursor(log, 'materialised', 7 as Offset))
    await untilItWorks(() => slots.claim([{ slot, from: undefined, to: owner }]))
    const committed = await load.stop(() => {
      for (const { pid } of victims) process.kill(pid, 'SIGKILL')
    })
    t.diagnostic(`${committed} commits, the last of them acknowledged when the kill came`)
    await startCassandras()
    await allAnswer()
    await load.isThere()
    assert.equal((await untilItWorks(() => logs.cursors(log))).materialised, 7)
    const rows = await untilItWorks(() => slots.read())
    assert.deepEqual(
      rows.find((row) => row.slot === slot),
      { slot, ...owner },
    )
  })
}

const owner = { epoch: 1 as Epoch, log: 'log' as LogId, node: 'node' as NodeId }
const app = 'app' as AppId

/** A shard-node's writes, four at once: an entry appended, the seal checked after it, the view told. */
class Load {
  /** How many requests failed, by error. */
  readonly rejected = new Map<string, number>()
  longestPauseMs = 0
  private readonly log: LogId
  private readonly conversation: ConversationId
  private readonly committed = new Set<number>()
  private next = 0
  private stopped = false
  private lastSuccess = 0
  private workers: Promise<void>[] = []
  private lastAcknowledged: (() => void) | undefined

  constructor(log: LogId, conversation: ConversationId) {
    this.log = log
    this.conversation = conversation
  }

  start(): void {
    this.lastSuccess = performance.now()
    this.workers = Array.from({ length: 4 }, () => this.commitInTurn())
  }

  forgetPauses(): void {
    this.longestPauseMs = 0
    this.lastSuccess = performance.now()
  }

  /** @param atLast called in the moment in which the next commit is known; then nothing more is begun */
  async stop(atLast?: () => void): Promise<number> {
    if (atLast === undefined) this.stopped = true
    else {
      this.lastAcknowledged = () => {
        this.stopped = true
        this.lastAcknowledged = undefined
        atLast()
      }
    }
    await Promise.all(this.workers)
    return this.committed.size
  }

  private async commitInTurn(): Promise<void> {
    while (!this.stopped) {
      const offset = this.next++
      // The same bytes at the same offset again, until it is known, as the core does.
      while (!this.stopped) {
        try {
          await logs.append(this.log, offset as Offset, entryOf(offset))
          assert.equal(await logs.isSealed(this.log), false)
          await view.apply([messageOf(this.conversation, offset)])
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error
          const { message } = error as Error
          this.rejected.set(message, (this.rejected.get(message) ?? 0) + 1)
          await pause(50)
          continue
        }
        this.committed.add(offset)
        const now = performance.now()
        this.longestPauseMs = Math.max(this.longestPauseMs, now - this.lastSuccess)
        this.lastSuccess = now
        this.lastAcknowledged?.()
        break
      }
    }
  }

  /** Everything that was committed is read, in the log and in the view. */
  async isThere(): Promise<void> {
    const highest = Math.max(...this.committed)
    const seen = new Set<number>()
    // Reading stops at holes, which offsets that were given up at the end may have left.
    for (let from = 0; from <= highest; ) {
      const entries = await untilItWorks(() => logs.read(this.log, from as Offset, 500))
      for (const [i, entry] of entries.entries()) {
        assert.deepEqual(Buffer.from(entry), entryOf(from + i))
        seen.add(from + i)
      }
      from += Math.max(1, entries.length)
    }
    const found = await untilItWorks(() =>
      view.messages(this.conversation, {
        after: 0 as Seq,
        before: (highest + 2) as Seq,
        limit: highest + 1,
        newestFirst: false,
        now: 0 as Millis,
      }),
    )
    const seqs = new Set(found.map(({ seq }) => seq as number))
    for (const offset of this.committed) {
      assert.ok(seen.has(offset), `entry ${offset} was acknowledged and is not there`)
      assert.ok(seqs.has(offset + 1), `message ${offset + 1} was acknowledged and is not there`)
    }
    const stored = await untilItWorks(() => view.find(this.conversation, idOf(highest)))
    assert.equal(stored, highest + 1)
  }
}

const entryOf = (offset: number) => Buffer.alloc(2_000, `entry ${offset} `)

function idOf(offset: number): Buffer {
  const id = Buffer.alloc(16)
  id.writeUInt32BE(offset, 12)
  return id
}

function messageOf(conversation: ConversationId, offset: number): ConversationChange {
  const seq = (offset + 1) as Seq
  const bytes = Buffer.from(`message ${offset}`)
  const messages = { firstSeq: seq, lastSeq: seq, bytes, lengths: [bytes.length], messageIds: idOf(offset) }
  return { app, conversation, messages, cursors: [{ user: 'ana' as UserId, delivered: seq, read: 0 as Seq }] }
}

/** Until the three know each other again, whichever is asked, and the driver has found its way back to each. */
async function allAnswer(): Promise<void> {
  const all = { prepare: true, consistency: types.consistencies.all }
  for (let answered = 0; answered < 9; answered++) {
    await untilItWorks(() => client.execute('SELECT log FROM logs WHERE log = ?', [`log ${answered}`], all))
  }
  await untilItWorks(async () => {
    const connected = client.getState().getConnectedHosts()
    assert.deepEqual(connected.map(({ address }) => address).sort(), [...addresses].sort())
  })
}

async function untilItWorks<Result>(run: () => Promise<Result>): Promise<Result> {
  for (const until = Date.now() + 60_000; ; await pause(200)) {
    try {
      return await run()
    } catch (error) {
      if (Date.now() > until) throw error
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
